"""Looks of the report: one style sheet, for screen and paper, without outside references."""

from typing import Final

STYLE: Final = """
:root { --ink: #16202a; --soft: #51606e; --rule: #c9d1d9; --paper: #fff; --panel: #f5f7f9;
  --blue: #0a5aa8; --orange: #b34700; --green: #1b6e4b; --violet: #6a3aa2; --red: #b3001b;
  --amber: #7a5200; --mode: var(--violet); --mode-pale: #efe8f8; }
.mode-bench { --mode: var(--amber); --mode-pale: #fdf3dc; }
.mode-clinical { --mode: #005a58; --mode-pale: #e0f2f1; }
* { box-sizing: border-box; }
html { background: #e9edf1; }
body { margin: 0 auto; max-width: 62rem; padding: 0 2.2rem 2.5rem; background: var(--paper);
  color: var(--ink); font: 15px/1.45 "Source Sans 3", "Noto Sans", "Segoe UI", "Helvetica Neue",
  Arial, sans-serif; font-variant-numeric: tabular-nums; }
.mode { margin: 0 -2.2rem 1.4rem; padding: .55rem 2.2rem; display: flex; gap: 1rem;
  align-items: baseline; flex-wrap: wrap; color: #fff; background: var(--mode);
  border-bottom: 6px double #fff; }
.mode strong { font-size: 1.25rem; letter-spacing: .12em; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .2rem; }
h2 { font-size: 1.12rem; margin: 2.1rem 0 .6rem; padding-bottom: .25rem;
  border-bottom: 2px solid var(--ink); break-after: avoid; }
h3 { font-size: .98rem; margin: 1.1rem 0 .3rem; break-after: avoid; }
p { margin: .3rem 0; max-width: 46rem; }
.soft, caption, figcaption { color: var(--soft); }
.lead { font-size: 1.05rem; }
.note { padding: .6rem .9rem; border-left: 5px solid var(--soft); background: var(--panel);
  margin: .8rem 0; break-inside: avoid; }
.good { border-color: var(--green); } .good strong { color: var(--green); }
.bad { border-color: var(--red); background: #fdecee; } .bad strong { color: var(--red); }
.bad ul { margin: .4rem 0; padding-left: 1.4rem; } .bad li { margin: .15rem 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr));
  gap: .7rem; margin: 1.1rem 0; padding: 0; list-style: none; }
.cards li { border: 1px solid var(--rule); border-top: 4px solid var(--mode);
  padding: .55rem .8rem; break-inside: avoid; }
.cards span { display: block; color: var(--soft); font-size: .85rem; }
.cards b { font-size: 1.3rem; font-weight: 650; line-height: 1.25; }
dl { display: grid; grid-template-columns: max-content 1fr max-content 1fr; gap: .25rem 1.2rem;
  margin: .7rem 0; }
dt { color: var(--soft); } dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: .92rem; }
caption { text-align: left; padding: .2rem 0; }
th { text-align: left; vertical-align: bottom; font-weight: 600; color: var(--soft);
  border-bottom: 1.5px solid var(--ink); padding: .25rem .7rem .25rem 0; }
td { vertical-align: top; border-bottom: 1px solid var(--rule); padding: .25rem .7rem .25rem 0; }
th.n, td.n { text-align: right; white-space: nowrap; }
td.t { white-space: nowrap; }
th.n + th:not(.n), td.n + td:not(.n) { padding-left: .8rem; }
th:last-child, td:last-child { padding-right: 0; }
thead { display: table-header-group; } tr { break-inside: avoid; }
.pill { display: inline-block; border: 1px solid currentColor; border-radius: 3px;
  padding: 0 .4rem; font-size: .8rem; font-weight: 650; white-space: nowrap; }
.high { color: var(--red); } .medium { color: var(--orange); } .low { color: var(--amber); }
.assumption { color: var(--orange); } .assumption::before { content: "\\25B2\\00A0"; }
.hash { font: .86rem/1.4 "Source Code Pro", "DejaVu Sans Mono", Consolas, monospace;
  overflow-wrap: anywhere; }
tr.step td:nth-child(2) { font-weight: 650; } tr.warn td { color: var(--red); font-weight: 600; }
figure { margin: .6rem 0; } svg.plot { width: 100%; height: auto; display: block; }
svg text { font: 12px "Source Sans 3", "Noto Sans", "Segoe UI", Arial, sans-serif;
  fill: var(--ink); font-variant-numeric: tabular-nums; }
svg .tick, svg .key { fill: #33414e; } svg .axis { font-weight: 650; }
svg .end { text-anchor: end; } svg .middle { text-anchor: middle; }
svg .phase { fill: #33414e; font-size: 11px; } svg .flag { font-size: 11px; font-weight: 650; }
svg text.exposure { fill: var(--violet); } svg text.alarm { fill: var(--red); }
svg .grid { stroke: #d5dbe1; stroke-width: .7; } svg .zero { stroke: #51606e; stroke-width: 1; }
svg .frame { fill: none; stroke: #51606e; } svg .shown { fill: none; stroke: var(--ink);
  stroke-width: 1.6; }
svg .funnel { stroke: #8794a1; stroke-width: .8; stroke-dasharray: 3 3; fill: none; }
svg .tint-none { fill: #fff; } svg .tint-arm { fill: #eceff2; } svg .tint-flow { fill: #dcebf9; }
svg .tint-pause { fill: #fbf1d9; } svg .tint-press { fill: #eef3ea; }
svg .tint-ray { fill: #ece3f7; } svg .tint-stop { fill: #fbe1e4; }
svg .curve { fill: none; stroke-width: 1.7; stroke-linejoin: round; }
svg .line { stroke: var(--blue); } svg .net { stroke: var(--orange); stroke-width: 1.3; }
svg .bound { stroke: var(--orange); stroke-width: 0.8; stroke-dasharray: 3 2; }
svg .limit { stroke: var(--red); stroke-dasharray: 9 4; stroke-width: 1.3; }
svg .confirmed { stroke: var(--ink); stroke-width: 1.3; stroke-dasharray: 5 3; }
svg .measured { stroke: var(--green); }
svg .counter { stroke: var(--green); stroke-width: 2.2; }
svg .ordered { stroke: var(--ink); stroke-width: 1.3; stroke-dasharray: 5 3; }
svg .band { fill: #1b6e4b; fill-opacity: .2; }
svg .checkpoint { fill: #fff; stroke: var(--ink); stroke-width: 1.5; }
svg .mark { stroke-width: 1.2; } svg line.exposure { stroke: var(--violet); }
svg line.alarm { stroke: var(--red); stroke-dasharray: 2 3; }
.sign { display: grid; grid-template-columns: 1fr 1fr; gap: 2.5rem; margin: 2.4rem 0 .8rem; }
.sign div { border-top: 1px solid var(--ink); padding-top: .2rem; color: var(--soft); }
@media (max-width: 44rem) { dl { grid-template-columns: max-content 1fr; } }
@media print { html { background: none; } body { max-width: none; padding: 0; font-size: 10.5pt; }
  body, svg, .mode, .note, .cards li { print-color-adjust: exact;
    -webkit-print-color-adjust: exact; }
  .mode { margin: 0 0 1rem; padding: .45rem .8rem; } figure { break-inside: avoid; }
  .cards { grid-template-columns: repeat(3, 1fr); } }
"""

_PAGE: Final = """
@page { size: A4; margin: 17mm 13mm 15mm;
  @top-left { content: %(left)s; font: 9pt Arial, sans-serif; color: #51606e; }
  @top-right { content: %(badge)s; font: bold 11pt Arial, sans-serif; color: #16202a; }
  @bottom-left { content: %(foot)s; font: 8pt Arial, sans-serif; color: #51606e; }
  @bottom-right { content: "page " counter(page) " of " counter(pages);
    font: 9pt Arial, sans-serif; color: #51606e; } }
"""


def page_style(badge: str, left: str, foot: str) -> str:
    """Margins of every printed page: mode, whose report it is, and the record's head."""
    return _PAGE % {
        "badge": css_string(badge),
        "left": css_string(left),
        "foot": css_string(foot),
    }


def css_string(text: str) -> str:
    """``text`` as a CSS string in which no character means anything to CSS or HTML."""
    return '"' + "".join(c if c.isalnum() else f"\\{ord(c):06x}" for c in text) + '"'
