/* S10: the cannula comes out, the patient is looked after, the procedure is closed. */

import { h, setAttr, setText } from "../dom.js";
import { card, figure } from "../parts.js";
import { t } from "../text.js";
import { clock, kpa, measuredMl, orderedMl } from "../units.js";
import { radiologistWay, some, waitsFor, way } from "./ways.js";

const EVENT = /** @type {Record<string, string>} */ ({ decannulate: "decannulated", aftercare: "aftercare-given", closed: "close" });

/** @param {import("../app.js").App} app @returns {View} */
export function summary(app) {
  const title = h("h1"), todo = h("ol.todo");
  const left = figure(t("observe"), "min", "huge");
  const facts = h("dl.facts");
  const record = h("p.record");
  const root = h("div.page.summary", {}, h("div.stack", {}, h("div.head", {}, title), card(t("summary.todo"), todo, left.root)), card(t("summary"), facts, record));
  return {
    root, pad: "",
    update(s) {
      setText(title, t(`summary.${s.phase}`));
      if (todo.dataset.key !== s.phase) {
        todo.dataset.key = s.phase;
        todo.replaceChildren(...[1, 2, 3].map((i) => h("li", {}, t(`summary.${s.phase}.${i}`))));
      }
      left.root.hidden = s.phase !== "aftercare";
      left.set(clock(s.observation_left_s), t("observe.until"));
      const v = s.volume, m = s.mounted;
      const rows = /** @type {[string, string][]} */ ([
        [t("sum.ordered"), s.case ? `${orderedMl(s.case.ordered_nl)}\u00a0mL` : "\u2013"],
        [t("sum.day"), t("sum.between", { low: measuredMl(v.side_day_low_nl, "down"), high: measuredMl(v.side_day_high_nl, "up") })],
        [t("sum.injections"), String(s.duct?.injection_count ?? 0)], [t("exposures"), String(s.exposure.made_count)],
        [t("sum.agent"), m ? m.contrast : "\u2013"], [t("sum.people"), s.case ? `${s.case.performer}, ${s.case.assistant}` : "\u2013"],
        [t("line"), `${kpa(s.pressure.line_pa)}\u00a0kPa`]]);
      const id = rows.join();
      if (facts.dataset.key !== id) {
        facts.dataset.key = id;
        facts.replaceChildren(...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", { "data-said": true }, value)]));
      }
      setAttr(record, "data-state", s.journal.fault ? "no" : "ok");
      setText(record, s.journal.fault ? t("record.fault", { words: s.journal.fault }) : t("record.ok", { count: s.journal.seq }));
    },
    next(s) {
      const event = EVENT[s.phase];
      return s.phase === "decannulate" ? radiologistWay(app, s, event) : way(app, s, event);
    },
    acts(s) {
      const early = s.phase === "aftercare" && waitsFor(s, "aftercare-given", "observed");
      return some([
        s.phase === "decannulate" ? { label: t("release.now"), missing: [], act: () => void app.ask("release-paddle") } : null,
        early ? { label: t("observe.early"), missing: [], act: () => app.asRadiologist(() => void app.ask("reconfirm", { point: "observation", reason: t("observe.reason") })) } : null,
        { label: t("history"), missing: [], act: () => app.open("history") }]);
    },
  };
}
