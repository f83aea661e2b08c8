"""Markdown as the pages need it: head, tables, cells."""

from collections.abc import Iterable, Sequence

NOTE = "<!-- Drawn by docs/generate.py from {source}. Change that, then `make docs`. -->"

VALIDATION = (
    "**Every limit needs clinical validation before use on people, the assumptions most of all.**"
    " This is a controller for research, simulation and bench work; laboratory syringe pumps are"
    " not for clinical use on humans."
)


def head(title: str, source: str, *paragraphs: str) -> str:
    """Title, where the page comes from, and what to know before reading it."""
    return "\n\n".join((f"# {title}", NOTE.format(source=source), *paragraphs))


def cell(value: object) -> str:
    """Text that stays inside its table cell."""
    return str(value).replace("|", "\\|").replace("\n", " ")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; every row has one value per column."""
    lines = [_line(columns), _line(["---"] * len(columns))]
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"{len(row)} cells for {len(columns)} columns: {row}")
        lines.append(_line([cell(value) for value in row]))
    return "\n".join(lines)


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def join(*parts: str) -> str:
    """Parts of a page, an empty line between, one newline at its end."""
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"
