"""The snapshot as a type for the console's pages, from the same table as ``docs/api.md``.

The pages are plain JavaScript, checked by the TypeScript compiler in ``make lint``: a key that
is renamed here and not there is a finding, not a blank on a screen.
"""

from typing import Final, Union

from drawn.snapshot import SNAPSHOT

HEAD: Final = """\
/* Drawn by docs/generate.py from docs/drawn/snapshot.py. Change that, then `make docs`. */

"""
_KINDS: Final = {"text": "string", "true, false": "boolean"}
Tree = dict[str, Union[str, "Tree"]]


def _scalar(kind: str) -> str:
    parts = kind.removesuffix(", null")
    name = _KINDS.get(parts, "number")
    return f"{name} | null" if kind.endswith(", null") else name


def _tree() -> Tree:
    """Keys by their path; ``[]`` and ``*`` are steps of it, ``?`` marks what may be null."""
    tree: Tree = {}
    for path, kind, _words in SNAPSHOT:
        here = tree
        *parents, last = path.replace("[]", ".[]").split(".")
        for name in parents:
            step = here.setdefault(name, {})
            if isinstance(step, str):
                here[name] = step = {}
            here = step
        if kind.startswith(("object", "list")):
            found: Tree = {"?": "null"} if kind.endswith("null") else {}
            if last in ("ways", "missing"):
                here[last] = "Record<string, string[]>"
            elif kind.startswith("list"):
                here[last] = "string[]"
            else:
                here[last] = found
        else:
            here[last] = _scalar(kind)
    return tree


def _type(tree: Tree | str, depth: int) -> str:
    if isinstance(tree, str):
        return tree
    if "[]" in tree:
        return f"{_type(tree['[]'], depth)}[]"
    pad = "  " * depth
    shared = tree.get("*", {})
    lines = [
        f"{pad}{name}: {_type(_joined(shared, kind), depth + 1)};"
        for name, kind in tree.items()
        if name not in ("?", "*")
    ]
    null = " | null" if "?" in tree else ""
    return "{\n" + "\n".join(lines) + f"\n{'  ' * (depth - 1)}}}{null}"


def _joined(shared: Tree | str, own: Tree | str) -> Tree | str:
    """What every element has, and this one beside it."""
    if isinstance(shared, dict) and isinstance(own, dict) and shared:
        return {**shared, **own}
    return own


def page() -> str:
    """``docs/console/snapshot.d.ts``."""
    tree = _tree()
    devices = tree["devices"]
    if isinstance(devices, dict):
        devices.setdefault("line", {})
    return f"{HEAD}interface Snapshot {_type(tree, 1)}\n"
