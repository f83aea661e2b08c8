"""Bits of HTML: everything that is not marked as HTML is escaped."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

TIME: Final = "@Time"
"""Head of a table's column of times since the procedure began."""


class Html(str):
    """Text that is HTML already and stands as it is."""

    __slots__ = ()


def safe(value: object) -> str:
    """``value`` as HTML; escaped unless it is ``Html``."""
    return value if isinstance(value, Html) else escape(str(value))


def section(title: str, *parts: str) -> str:
    """A part of the report under its heading."""
    return f"<section><h2>{escape(title)}</h2>{''.join(parts)}</section>"


def paragraph(words: object, kind: str = "") -> str:
    """One paragraph."""
    return f'<p class="{kind}">{safe(words)}</p>' if kind else f"<p>{safe(words)}</p>"


def pill(words: str, kind: str) -> Html:
    """A short word in a frame."""
    return Html(f'<span class="pill {kind}">{escape(words)}</span>')


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """Names with their values, in columns; empty values are said to be missing."""
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{safe(value) if value != '' else '—'}</dd>"
        for name, value in pairs
    )
    return f"<dl>{rows}</dl>"


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    caption: str = "",
    empty: str = "None.",
    kinds: Sequence[str] = (),
) -> str:
    """A table. A head that begins with ``#`` is a column of numbers, ``@`` one of times.

    ``kinds`` gives each row a class; without rows the table is the words ``empty``.
    """
    body = list(rows)
    if not body:
        return paragraph(empty, "soft")
    styles = ["n" if head[:1] == "#" else "t" if head[:1] == "@" else "" for head in heads]
    head_cells = "".join(
        f'<th scope="col"{_class(style)}>{escape(head.lstrip("#@"))}</th>'
        for head, style in zip(heads, styles, strict=True)
    )
    lines = []
    for place, row in enumerate(body):
        cells = "".join(
            f"<td{_class(style)}>{safe(cell)}</td>" for cell, style in zip(row, styles, strict=True)
        )
        lines.append(f"<tr{_class(kinds[place] if kinds else '')}>{cells}</tr>")
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f"<table>{title}<thead><tr>{head_cells}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""
