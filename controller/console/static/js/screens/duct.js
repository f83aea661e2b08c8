/* S4: which duct, by the clock. The pump can do nothing here but a drop at the tip. */

import { clockFace } from "../diagram.js";
import { h, setAttr, setText, show } from "../dom.js";
import { card, chips, key } from "../parts.js";
import { t } from "../text.js";
import { rare, some, way } from "./ways.js";

/** @param {import("../app.js").App} app @returns {View} */
export function duct(app) {
  let hour = 0, orifice = 0, armed = false;
  const face = clockFace((value) => { hour = value; });
  const orifices = chips(t("duct.orifice"), [1, 2, 3, 4].map((value) => ({ value, label: String(value) })), (value) => { orifice = value; });
  const readback = h("p.readback", { role: "status" });
  const drops = h("p");
  const drop = key(t("duct.drop"), () => void app.ask("tip-out", { purpose: "tip-drop" }), "act");
  const inhibited = h("p.inhibited", {}, t("pump.inhibited"));
  const root = h("div.page.duct", {}, card(t("duct.clock"), face.root),
    h("div.stack", {}, card(t("duct.orifice"), h("p", {}, t("duct.orifice.hint")), orifices.root), card(t("duct.readback"), readback),
      card(t("duct.tip"), inhibited, drops, drop)));
  return {
    root,
    get pad() { return armed ? /** @type {const} */ ("prime") : /** @type {const} */ (""); },
    update(s) {
      armed = s.hold.phase !== "closed";
      const side = t(`side.${s.case?.side ?? "L"}`);
      setText(readback, hour && orifice ? t("duct.read", { side, hour, orifice }) : t("duct.none"));
      setAttr(readback, "data-state", hour && orifice ? "ok" : "wait");
      setText(drops, t("duct.drops", { count: s.duct?.drop_count ?? 0, most: app.facts?.limits.tip_drop_count ?? 0 }));
      show(inhibited, s.hold.phase === "closed");
    },
    next(s) {
      const missing = [];
      if (!hour) missing.push(t("need.hour"));
      if (!orifice) missing.push(t("need.orifice"));
      const side = t(`side.${s.case?.side ?? "L"}`);
      return { label: missing.length ? t("duct.choose") : t("duct.choose.read", { side, hour }), missing,
        act: () => void app.ask("choose-duct", { clock_h: hour, orifice }) };
    },
    acts: (s) => some([rare(way(app, s, "done", t("do.no-duct"))), rare(way(app, s, "change-syringe"))]),
  };
}
