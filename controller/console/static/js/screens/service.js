/* Service: calibrations, daily check, links and what goes over them. Role service, in standby.
   What the wires say is read and counted by the console's server, with the code of
   `galactograph service monitor`; this page shows it.
   It looks; what moves anything is asked for elsewhere, like by everybody. */

import { h, setAttr, setLines, setText, show } from "../dom.js";
import { card, checkRow, key } from "../parts.js";
import { t } from "../text.js";
import { LINKS, ms, wiresView } from "./wires.js";

const DAY_MS = 86_400_000;
const CELLS = ["link", "rate", "p50", "p99", "unanswered", "repeats", "faults", "bad", "identity"];
const NOT_SEEN = "\u2013";

/** @param {number} day days since 1970 */
const date = (day) => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** @param {import("../app.js").App} app @returns {View} */
export function service(app) {
  const refused = h("p.result", { role: "status", "data-state": "no" });
  const daily = checkRow(t("daily")), store = checkRow(t("service.store"));
  const found = h("ul.plain"), view = wiresView();
  /** @type {Wires | null} */
  let wires = null;
  let watching = false, ended = "";
  const stop = () => void app.ask("service", { work: "done", words: "looked at the wires, console" });
  const watch = key(t("service.watch"), () => {
    if (watching) stop();
    else void app.ask("service", { work: "watch", words: "console" }).then((taken) => { watching = taken; ended = ""; });
  });
  const state = h("p.note", { role: "status" });
  const cells = new Map(LINKS.map((name) => [name, CELLS.map((cell) => h(`td.${cell}`, { "data-said": cell === "identity" }))]));
  const head = CELLS.map((cell) => h(`th.${cell}`, { scope: "col" }, t(`service.${cell}`)));
  const table = h("table.tests", {}, h("caption", {}, t("service.links")), h("thead", {}, h("tr", {}, h("td"), ...head)),
    h("tbody", {}, ...LINKS.map((name) => h("tr", {}, h("th", { scope: "row" }, t(`service.of.${name}`)), .../** @type {HTMLElement[]} */ (cells.get(name))))));
  const body = h("div.columns", {},
    h("div.stack", {}, card(t("service.calibration"), h("ul.checks", {}, store.root), found, h("p.note", {}, t("service.calibrate"))),
      card(t("daily"), h("ul.checks", {}, daily.root), key(t("daily.open"), () => app.open("daily")))),
    h("section.card.wires", {}, h("h2", {}, t("service.links")), table, view.left, view.right, h("div.row", {}, watch, state)));
  const root = h("div.page.service", {}, h("div.head", {}, h("h1", {}, t("menu.service")), refused), body);

  /** @param {any} message */
  const hear = (message) => {
    if (message.k === "wires") {
      wires = message.ended ? null : message;
      if (wires) view.set(wires);
      else {
        watching = false;
        ended = message.ended;
      }
    } else if (message.k === "contact" && !message.on) {
      watching = false;
      wires = null;
    }
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
        const device = s.devices[name], one = watching && wires ? wires.links[name] : null;
        const counts = one ? [one.answers_per_s.toFixed(1), ms(one.p50_us), ms(one.p99_us), String(one.unanswered), String(one.repeats), String(one.faults)] : Array(6).fill(NOT_SEEN);
        const texts = [t(`service.is.${device.link}`), ...counts, String(device.bad_frame_count), device.refusal || device.identity];
        /** @type {HTMLElement[]} */ (cells.get(name)).forEach((cell, i) => setText(cell, texts[i]));
        setAttr(/** @type {HTMLElement[]} */ (cells.get(name))[0], "data-state", device.link === "up" ? "ok" : "no");
      }
      setAttr(body, "data-watching", watching && wires !== null);
      setText(watch, t(watching ? "service.stop" : "service.watch"));
      const lost = wires ? wires.lost : 0;
      setText(state, watching ? (lost ? t("service.lost", { lost }) : t("service.watching")) : ended);
    },
    next: () => ({ label: t("back"), missing: [], act: () => app.open("") }),
    leave: () => {
      app.hearers.splice(app.hearers.indexOf(hear), 1);
      if (watching && app.live.snap?.phase === "standby") stop();
    },
  };
}
