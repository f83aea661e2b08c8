"""What a mutation run found, set against what has been argued; no tool, no process.

A mutant is known by its module, the definition it stands in, and the source line before and
after: that outlives other lines moving about, and a change of the line itself asks for the
argument anew.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

HERE: Final = Path(__file__).resolve().parent


class Mutant(NamedTuple):
    """One small break."""

    module: str
    where: str
    """Function or class, empty for the module's own lines."""
    was: str
    now: str


class Argument(NamedTuple):
    """Why these mutants may survive, or which test was added to notice them."""

    words: str
    mutants: tuple[Mutant, ...]


class Known(NamedTuple):
    """The data file."""

    argued: tuple[Argument, ...] = ()
    answered: tuple[Argument, ...] = ()


class Module(NamedTuple):
    """Figures of one module, and its survivors."""

    name: str
    commit: str
    mutants: int
    killed: int
    timed_out: int
    """Of the killed."""
    taken_over: int
    """Of the killed: noticed in an earlier text of the module, in a line unchanged since."""
    survivors: tuple[Mutant, ...]
    run: str = ""
    """Day and commit of the run; empty = this one."""


class Verdict(NamedTuple):
    """Survivors without an argument, and arguments whose mutant does not survive any more."""

    unargued: tuple[Mutant, ...]
    stale: tuple[Mutant, ...]


def mutant(module: str, where: str, diff: str) -> Mutant:
    """Read a mutant off a unified diff of its file."""
    lines = [line for line in diff.splitlines() if not line.startswith(("---", "+++"))]

    def side(sign: str) -> str:
        return " ".join(" ".join(line[1:] for line in lines if line.startswith(sign)).split())

    return Mutant(module, where, side("-"), side("+"))


def read_known(path: Path = HERE / "argued.toml") -> Known:
    """The arguments on file."""
    data = tomllib.loads(path.read_text("utf-8"))
    return Known(
        tuple(_argument(row, "why") for row in data.get("argued", ())),
        tuple(_argument(row, "test") for row in data.get("answered", ())),
    )


def _argument(row: dict[str, Any], words: str) -> Argument:
    return Argument(row[words], tuple(Mutant(**each) for each in row["mutant"]))


def judge(modules: Iterable[Module], argued: Iterable[Argument]) -> Verdict:
    """Set survivors against arguments; of modules that were not run nothing is said."""
    modules = tuple(modules)
    names = {module.name for module in modules}
    survive = {each for module in modules for each in module.survivors}
    covered = [each for argument in argued for each in argument.mutants]
    return Verdict(
        tuple(sorted(survive - set(covered))),
        tuple(each for each in covered if each.module in names and each not in survive),
    )


def as_toml(mutants: Iterable[Mutant]) -> str:
    """Entries for the data file, with the argument left to write."""
    blocks = []
    for each in mutants:
        fields = "".join(f"{name} = {_quoted(text)}\n" for name, text in each._asdict().items())
        blocks.append(f'[[argued]]\nwhy = ""\n[[argued.mutant]]\n{fields}')
    return "\n".join(blocks)


def _quoted(text: str) -> str:
    return (
        f"'{text}'"
        if "'" not in text
        else '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'
    )
