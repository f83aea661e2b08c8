/* Service: calibrations, daily check, links and what goes over them. Role service, in standby.
   It looks; what moves anything is asked for elsewhere, like by everybody. */

import { h, setAttr, setLines, setText, show } from "../dom.js";
import { card, checkRow, key } from "../parts.js";
import { t } from "../text.js";

const LINKS = /** @type {const} */ (["pump", "room", "mammograph", "line"]);
const KEPT = 300;
const DAY_MS = 86_400_000;

/** @param {number} day days since 1970 */
const date = (day) => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** One link: how many messages were heard, how long answers take, as this page has seen. */
class Seen {
  constructor() {
    /** @type {number[]} */
    this.at = [];
    /** @type {number[]} */
    this.spans = [];
    this.asked = 0;
    this.unanswered = 0;
  }

  /** @param {number} ns @param {string} way */
  take(ns, way) {
    if (way === ">") {
      if (this.asked) this.unanswered += 1;
      this.asked = ns;
      return;
    }
    if (this.asked) this.spans.push((ns - this.asked) / 1e6);
    this.asked = 0;
    this.at.push(ns);
    if (this.spans.length > KEPT) this.spans.shift();
    while (this.at.length && this.at[0] < ns - 5e9) this.at.shift();
  }

  /** @param {number} share */
  percentile(share) {
    const sorted = [...this.spans].sort((a, b) => a - b);
    return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1) : "\u2013";
  }
}

/** @param {import("../app.js").App} app @returns {View} */
export function service(app) {
  const refused = h("p.result", { role: "status", "data-state": "no" });
  const daily = checkRow(t("daily")), store = checkRow(t("service.store"));
  const found = h("ul.plain"), seen = new Map(LINKS.map((name) => [name, new Seen()]));
  let watching = false, ended = "", lost = 0;
  const watch = key(t("service.watch"), () => void app.ask("service", { work: "watch", words: "console" }).then((taken) => { watching = taken; ended = ""; }));
  const state = h("p.note", { role: "status" });
  const cells = new Map(LINKS.map((name) => [name, ["link", "rate", "p50", "p99", "unanswered", "bad", "identity"].map((cell) => h(`td.${cell}`, { "data-said": cell === "identity" }))]));
  const head = ["link", "rate", "p50", "p99", "unanswered", "bad", "identity"].map((cell) => h("th", { scope: "col" }, t(`service.${cell}`)));
  const table = h("table.tests", {}, h("caption", {}, t("service.links")), h("thead", {}, h("tr", {}, h("td"), ...head)),
    h("tbody", {}, ...LINKS.map((name) => h("tr", {}, h("th", { scope: "row" }, t(`service.of.${name}`)), .../** @type {HTMLElement[]} */ (cells.get(name))))));
  const body = h("div.columns", {},
    h("div.stack", {}, card(t("service.calibration"), h("ul.checks", {}, store.root), found, h("p.note", {}, t("service.calibrate"))),
      card(t("daily"), h("ul.checks", {}, daily.root), key(t("daily.open"), () => app.open("daily")))),
    card(t("service.links"), table, h("div.row", {}, watch, state)));
  const root = h("div.page.service", {}, h("div.head", {}, h("h1", {}, t("menu.service")), refused), body);

  /** @param {any} message */
  const hear = (message) => {
    if (message.k === "frames") {
      lost += message.lost;
      for (const [ns, link, way] of message.frames) seen.get(link)?.take(ns, way);
    } else if (message.k === "frames-end") {
      watching = false;
      ended = message.words;
    } else if (message.k === "contact" && !message.on) watching = false;
  };
  app.hearers.push(hear);
  return {
    root, pad: "",
    update(s) {
      const why = s.phase !== "standby" ? t("service.open") : app.who.role !== "service" ? t("service.role") : "";
      setText(refused, why);
      show(body, !why);
      const c = s.calibration, today = Date.now() / DAY_MS;
      store.set(c.fault ? "no" : "ok", c.fault || t(`service.rule.${c.rule}`), Boolean(c.fault));
      setLines(found, c.found.map((one) => t(one.passed ? (one.until_day > today ? "service.holds" : "service.expired") : "service.failed",
        { kind: t(`service.kind.${one.kind}`), subject: one.subject, until: date(one.until_day), percent: (one.uncertainty_ppm / 1e4).toFixed(2) })));
      const d = s.daily_check;
      daily.set(d.valid ? "ok" : "no", d.rule === "waived" ? t("daily.waived") : d.valid ? t("daily.valid", { hours: Math.floor(d.left_s / 3600) }) : d.failed_words || t("daily.missing"), d.failed_words !== "");
      for (const name of LINKS) {
        const device = s.devices[name], one = /** @type {Seen} */ (seen.get(name));
        const texts = [t(`service.is.${device.link}`), watching ? (one.at.length / 5).toFixed(1) : "\u2013", one.percentile(0.5), one.percentile(0.99), watching ? String(one.unanswered) : "\u2013", String(device.bad_frame_count), device.refusal || device.identity];
        /** @type {HTMLElement[]} */ (cells.get(name)).forEach((cell, i) => setText(cell, texts[i]));
        setAttr(/** @type {HTMLElement[]} */ (cells.get(name))[0], "data-state", device.link === "up" ? "ok" : "no");
      }
      setText(state, watching ? (lost ? t("service.lost", { lost }) : t("service.watching")) : ended);
    },
    next: () => ({ label: t("back"), missing: [], act: () => app.open("") }),
    leave: () => { app.hearers.splice(app.hearers.indexOf(hear), 1); },
  };
}
