/* The wires as the console's server has read them: what `galactograph service monitor` shows.
   Histograms, registers as last read, the newest messages in words. It only looks. */

import { h, setAttr, setStyle, setText } from "../dom.js";
import { t } from "../text.js";

export const LINKS = /** @type {const} */ (["pump", "room", "mammograph", "line"]);
const EDGES = ["1", "2", "5", "10", "20", "40", "80", "160", "more"];
const MARKS = /** @type {Record<string, string>} */ ({ question: ">", answer: "<", fault: "!" });
const NEWEST = 12;

/** @param {number | null} us */
export const ms = (us) => (us === null ? "\u2013" : (us / 1000).toFixed(1));

/** How long answers took: a row for each link, a bar in each bin. */
function histograms() {
  const cells = new Map(LINKS.map((name) => [name, EDGES.map(() => {
    const count = h("span.count"), fill = h("div.fill");
    return { root: h("td", {}, count, h("div.bin", { "aria-hidden": "true" }, fill)), count, fill };
  })]));
  const head = EDGES.map((edge) => h("th", { scope: "col" }, edge === "more" ? t("service.more") : edge));
  const root = h("table.tests.bins", {}, h("caption", {}, t("service.within")), h("thead", {}, h("tr", {}, h("td"), ...head)),
    h("tbody", {}, ...LINKS.map((name) => h("tr", {}, h("th", { scope: "row" }, t(`service.of.${name}`)), .../** @type {any[]} */ (cells.get(name)).map((cell) => cell.root)))));
  /** @param {Wires} w */
  const set = (w) => {
    for (const name of LINKS) {
      const bins = w.links[name].bins_ms, most = Math.max(1, ...Object.values(bins));
      /** @type {any[]} */ (cells.get(name)).forEach((cell, i) => {
        const count = bins[EDGES[i]];
        setText(cell.count, count ? String(count) : "");
        setStyle(cell.fill, "inline-size", `${(100 * count) / most}%`);
      });
    }
  };
  return { root, set };
}

/** Registers by name, as last read or written. */
function registers() {
  const rows = new Map(LINKS.map((name) => [name, h("dd", { "data-said": true })]));
  const root = h("dl.values", {}, ...LINKS.flatMap((name) => [h("dt", {}, t(`service.of.${name}`)), /** @type {HTMLElement} */ (rows.get(name))]));
  /** @param {Wires} w */
  const set = (w) => {
    for (const name of LINKS) {
      const listed = Object.entries(w.links[name].registers).map(([key, value]) => `${key}\u00a0${value}`).join("  ");
      setText(/** @type {HTMLElement} */ (rows.get(name)), listed || t("service.none"));
    }
  };
  return { root, set };
}

/** The newest messages, the newest last. */
function messages() {
  const rows = Array.from({ length: NEWEST }, () => h("li", { "data-said": true }));
  const root = h("ol.wire", {}, ...rows);
  /** @param {Wires} w */
  const set = (w) => rows.forEach((row, i) => {
    const one = w.newest[i];
    const span = one && one.us !== null ? `  ${ms(one.us)} ms` : "";
    const again = one && one.again ? `  ${t("service.again")}` : "";
    const text = one ? `${(one.at_ms / 1000).toFixed(3)} ${one.link} ${MARKS[one.kind]} ${one.words}${span}${again}` : "";
    setText(row, text);
    setAttr(row, "title", text || null); // a long one is cut on the screen
    setAttr(row, "data-kind", one ? one.kind : "");
  });
  return { root, set };
}

/** All three; they are there only while something is watched: what is old is not shown as live. */
export function wiresView() {
  const bins = histograms(), known = registers(), newest = messages();
  const part = (/** @type {string} */ name, /** @type {HTMLElement} */ body) => h(`section.${name}`, { "aria-label": t(`service.${name}`) }, h("h3", {}, t(`service.${name}`)), body);
  return {
    left: h("div.seen", { tabindex: 0, role: "group", "aria-label": t("service.seen") }, bins.root, part("registers", known.root)),
    right: part("messages", newest.root),
    /** @param {Wires} w */
    set(w) {
      bins.set(w);
      known.set(w);
      newest.set(w);
    },
  };
}
