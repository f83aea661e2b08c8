/* S8: the controller gives an enable; the unit's own hold-to-expose switch stays in series. */

import { h, setAttr, setStyle, setText } from "../dom.js";
import { card, checkRow, figure } from "../parts.js";
import { t } from "../text.js";
import { clock, newton } from "../units.js";
import { pain, rare, some, waitsFor, way } from "./ways.js";

/** The time since the injection is marked at each minute. */
const MARK_NS = 60e9;

/** @param {import("../app.js").App} app @returns {View} */
export function expose(app) {
  const facts = /** @type {Facts} */ (app.facts);
  const strip = h("div.xray", { role: "status" });
  const rows = Object.fromEntries(["pump", "paddle", "door", "line", "unit"].map((name) => [name, checkRow(t(`interlock.${name}`))]));
  const view = h("p.view");
  const since = figure(t("injected.ago"), "min", "huge"), made = figure(t("exposures"), ""), held = figure(t("compressed"), "min");
  const most = facts.limits.exposure_delay_ns;
  const minutes = Array.from({ length: Math.ceil(most / MARK_NS) - 1 }, (_, i) => {
    const mark = h("div.mark", {}, h("span", {}, clock(((i + 1) * MARK_NS) / 1e9)));
    setStyle(mark, "inset-inline-start", `${(100 * (i + 1) * MARK_NS) / most}%`);
    return mark;
  });
  const fill = h("div.fill");
  const root = h("div.page.expose", {}, strip,
    h("div.columns", {}, card(t("interlocks"), h("ul.checks", {}, ...Object.values(rows).map((row) => row.root)), h("p.note", {}, t("interlock.look"))),
      card(t("exposure.time"), since.root, h("div.bar.delay", { "aria-hidden": "true" }, fill, ...minutes), h("div.pair", {}, made.root, held.root)),
      card(t("view"), view)));
  return {
    root, pad: "expose",
    update(s) {
      const unit = s.devices.mammograph, state = unit.unit_state;
      const face = state === "EXPOSING" ? "exposing" : s.phase === "exposure-armed" && state === "READY" ? "ready" : s.phase === "exposure-armed" ? "prep" : "off";
      setAttr(strip, "data-state", face);
      setText(strip, t(`xray.${face}`));
      setText(view, t(`view.${s.exposure.view}`));
      rows.pump.set(s.devices.pump.motion === "running" ? "no" : "ok", t(s.devices.pump.motion === "running" ? "pump.moves" : "pump.locked"));
      rows.paddle.set(unit.paddle === "HOLDING" ? "ok" : "no", `${newton(unit.force_mn)} N, ${t(`paddle.${unit.paddle}`)}`);
      rows.door.set(s.devices.room.door_closed ? "ok" : "no", t(s.devices.room.door_closed ? "door.closed" : "door.open"));
      const calm = s.pressure.line_pa !== null && s.pressure.line_pa <= facts.limits.compression_line_pa;
      rows.line.set(calm ? "ok" : "no", t(calm ? "line.calm" : "line.high"));
      rows.unit.set(unit.link === "up" ? "ok" : "no", state, true);
      const ago = s.exposure.injected_ms;
      since.set(ago === null ? "\u2013" : clock(ago / 1000), t("exposure.most", { time: clock(facts.limits.exposure_delay_ns / 1e9) }));
      setStyle(fill, "inline-size", `${Math.min(100, ((ago ?? 0) * 1e8) / facts.limits.exposure_delay_ns)}%`);
      made.set(String(s.exposure.made_count));
      held.set(s.exposure.compressed_ms === null ? "\u2013" : clock(s.exposure.compressed_ms / 1000));
    },
    next(s) {
      if (s.phase === "exposure-armed") return null;
      const found = way(app, s, "arm-exposure", t("do.arm-exposure.read", { view: t(`view.${s.exposure.view}`) }));
      return found && { ...found, guard: true };
    },
    acts(s) {
      const back = way(app, s, "disarm", s.phase === "exposure" ? t("do.compress-again") : undefined);
      const late = s.phase === "exposure" && waitsFor(s, "arm-exposure", "delay-allowed");
      const confirm = { label: t("do.reconfirm.delay"), missing: [], rare: true, act: () => app.asRadiologist(() => void app.ask("reconfirm", { point: "exposure-delay" })) };
      // beside the pad there is room for three keys
      return some([...(late ? [rare(back), confirm] : [back]),
        { label: t("release.now"), missing: [], act: () => void app.ask("release-paddle") }, pain(app)]);
    },
  };
}
