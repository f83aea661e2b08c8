"""Links between the documents lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\(([^)\s]+)\)")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def anchors(text: str) -> set[str]:
    """Anchors of a page's headings, as the usual renderers make them."""
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    kept = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in kept}


def broken(page: Path, text: str) -> list[str]:
    """Relative links of a page that lead nowhere."""
    found = []
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists():
            found.append(f"{link}: no such file")
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text("utf-8")):
            found.append(f"{link}: no such heading")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_the_page_resolve(page: Path):
    assert not broken(page, page.read_text("utf-8"))


def test_every_page_is_in_the_index():
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / path).resolve() for path in LINK.findall(index.read_text("utf-8"))}
    pages = {p.resolve() for p in PAGES if p.is_relative_to(index.parent) and p != index}
    # Folders that are linked as a whole.
    apart = [index.parent / name for name in ("decisions", "evidence")]
    missing = [p for p in pages - linked if not any(p.is_relative_to(a) for a in apart)]
    assert not missing, f"add to docs/README.md: {sorted(map(str, missing))}"


def test_broken_links_are_found(tmp_path: Path):
    page = tmp_path / "a.md"
    (tmp_path / "b.md").write_text("# One thing, twice\n", encoding="utf-8")
    good = "[x](b.md) [y](b.md#one-thing-twice) [z](https://example.org/none)"
    page.write_text(good, encoding="utf-8")
    assert broken(page, good) == []
    assert broken(page, "[x](c.md) [y](b.md#two)") == [
        "c.md: no such file",
        "b.md#two: no such heading",
    ]
