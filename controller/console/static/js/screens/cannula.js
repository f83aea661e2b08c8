/* S5: the radiologist places the cannula; the room only watches and counts. */

import { h } from "../dom.js";
import { card, chips, figure } from "../parts.js";
import { t } from "../text.js";
import { clock, kpa } from "../units.js";
import { missingBut, pain, radiologistWay, some } from "./ways.js";

/** @param {import("../app.js").App} app @returns {View} */
export function cannula(app) {
  /** @type {boolean | null} */ let difficult = null;
  const hard = chips(t("cannula.difficult"), [{ value: false, label: t("cannula.easy") }, { value: true, label: t("cannula.hard"), more: t("cannula.halves") }],
    (value) => { difficult = value; });
  const line = figure(t("line"), "kPa"), since = figure(t("cannula.since"), "min"), attempts = figure(t("cannula.attempts"), "");
  const root = h("div.page.cannula", {},
    card(t("cannula.place"), h("ul.remind", {}, ...["force", "dimple", "pain", "bubble"].map((name) => h("li", {}, t(`cannula.remind.${name}`)))), h("p.inhibited", {}, t("pump.inhibited"))),
    card(t("cannula.difficult"), hard.root, h("p.note", {}, t("cannula.difficult.hint"))),
    card(t("cannula.watch"), h("div.figures", {}, since.root, attempts.root, line.root)));
  return {
    root, pad: "",
    update(s) {
      line.set(kpa(s.pressure.line_pa));
      since.set(clock(s.phase_ms / 1000));
      attempts.set(String(s.duct?.attempt_count ?? 0));
    },
    next(s) {
      const words = missingBut(s, "cannulated", "cannula-in");
      return { label: t("cannula.in"), missing: difficult === null ? [t("need.difficult"), ...words] : words,
        act: () => app.asRadiologist(() => void app.ask("cannulate", { difficult: difficult === true })) };
    },
    acts: (s) => some([radiologistWay(app, s, "attempt-failed"), radiologistWay(app, s, "duct-does-not-dilate"), pain(app)]),
  };
}
