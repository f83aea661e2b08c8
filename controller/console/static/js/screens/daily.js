/* The daily check of what stops the pump: the controller leads, one part at a time. */

import { syringePicture } from "../diagram.js";
import { h, setAttr, setStyle, setText, show } from "../dom.js";
import { card, chips, key } from "../parts.js";
import { t } from "../text.js";
import { clock } from "../units.js";

/** @param {import("../app.js").App} app @returns {View} */
export function daily(app) {
  const facts = /** @type {Facts} */ (app.facts);
  let syringe = "", tip = false, empty = false, armed = false;
  const which = chips(t("setup.syringe"), facts.syringes.map((s) => ({ value: s.name, label: s.name, said: true, more: h("span.more", {}, syringePicture(s)) })), (value) => { syringe = value; }, "pictures");
  const out = chips(t("daily.tip"), [{ value: true, label: t("daily.tip.yes") }], () => { tip = true; });
  const alone = chips(t("daily.room"), [{ value: true, label: t("daily.room.yes") }], () => { empty = true; });
  const before = h("div.columns", {}, card(t("setup.syringe"), which.root), card(t("daily.before"), h("p", {}, t("daily.tip")), out.root, h("p", {}, t("daily.room")), alone.root));
  const prompt = h("p.prompt", { "data-said": true }), part = h("p.part"), left = h("span.live.amount"), fill = h("div.fill");
  const heard = h("div.row", {}, key(t("daily.heard"), () => void app.ask("sounder-heard", { heard: true })), key(t("daily.unheard"), () => void app.ask("sounder-heard", { heard: false })));
  const during = card(t("daily.during"), part, prompt, left, h("div.bar", { "aria-hidden": "true" }, fill), heard);
  const result = h("p.result", { role: "status" });
  const root = h("div.page.daily", {}, h("div.head", {}, h("h1", {}, t("daily")), result), before, during);
  return {
    root,
    get pad() { return armed ? /** @type {const} */ ("prime") : /** @type {const} */ (""); },
    update(s) {
      armed = s.hold.phase !== "closed";
      const c = s.daily_check, under = c.row > 0;
      show(before, !under);
      show(during, under);
      setText(part, t("daily.part", { row: c.row, rows: c.rows }));
      setText(prompt, c.prompt);
      setText(left, clock(Math.max(0, c.within_ms - c.age_ms) / 1000));
      setStyle(fill, "inline-size", `${Math.min(100, (100 * c.row) / Math.max(1, c.rows))}%`);
      show(heard, c.asks === "sounder-heard");
      const state = under ? "wait" : c.valid ? "ok" : "no";
      setAttr(result, "data-state", state);
      setAttr(result, "data-said", !under && c.failed_words !== "");
      setText(result, under ? t("daily.under") : c.failed_words ? `${c.failed_step}: ${c.failed_words}` : c.rule === "waived" ? t("daily.waived") : c.valid ? t("daily.valid", { hours: Math.floor(c.left_s / 3600) }) : t("daily.missing"));
    },
    next(s) {
      const c = s.daily_check;
      if (c.row > 0) return c.asks === "tip-out" ? { label: t("daily.tip.again"), missing: [], act: () => void app.ask("tip-out", { purpose: "daily-check" }) } : null;
      const missing = [];
      if (!syringe) missing.push(t("need.syringe"));
      if (!tip) missing.push(t("need.tip"));
      if (!empty) missing.push(t("need.empty"));
      return { label: t("daily.begin"), missing, act: () => void app.ask("daily-check", { syringe, tip_out: tip, room_empty: empty }) };
    },
    acts: (s) => [s.daily_check.row > 0 ? { label: t("daily.end"), missing: [], act: () => void app.ask("end-daily-check") } : { label: t("back"), missing: [], act: () => app.open("") }],
  };
}
