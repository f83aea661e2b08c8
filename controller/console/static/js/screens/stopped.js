/* Off the way: stopped, suspected extravasation, emergency, after a restart. Why, and what to do. */

import { h, setAttr, setText } from "../dom.js";
import { card, figure } from "../parts.js";
import { t } from "../text.js";
import { kpa, measuredMl, measuredRate, newton } from "../units.js";
import { missingBut, radiologistWay, some, waitsFor, way } from "./ways.js";

const FORWARD = /** @type {Record<string, string>} */ ({
  stopped: "resume", "suspected-extravasation": "decannulated", "medical-emergency": "decannulated", recovery: "recovered",
});

/** @param {import("../app.js").App} app @returns {View} */
export function stopped(app) {
  const word = h("h1"), why = h("p.why", { "data-said": true }), todo = h("ol.todo");
  const given = figure(t("given.duct"), "mL", "huge"), flow = figure(t("flow"), "mL/min", "huge"), line = figure(t("line"), "kPa"), force = figure(t("force"), "N");
  const panel = h("div.panel", { role: "status" }, word, why);
  const root = h("div.page.stopped", {}, panel, h("div.columns", {}, card(t("stopped.todo"), todo), card(t("stopped.now"), h("div.figures", {}, given.root, flow.root, h("div.pair", {}, line.root, force.root)))));
  return {
    root, pad: "",
    update(s) {
      setAttr(panel, "data-phase", s.phase);
      setText(word, t(`phase.${s.phase}`));
      setText(why, s.stop.words || (s.stop.event ? t(`why.${s.stop.event}`) : ""));
      const kind = s.phase === "stopped" ? (s.stop.event === "pain" ? "pain" : s.stop.event === "device-fault" ? "fault" : "stop") : s.phase;
      if (todo.dataset.key !== kind) {
        todo.dataset.key = kind;
        todo.replaceChildren(...[1, 2, 3].map((i) => h("li", {}, t(`stopped.${kind}.${i}`))));
      }
      given.set(`${measuredMl(s.volume.low_nl, "down")}\u2013${measuredMl(s.volume.high_nl, "up")}`, t("given.range"));
      flow.set(measuredRate(s.rate.confirmed_nl_min), t("told", { rate: measuredRate(s.rate.commanded_nl_min) }));
      line.set(kpa(s.pressure.line_pa));
      force.set(newton(s.devices.mammograph.force_mn));
    },
    next(s) {
      const event = FORWARD[s.phase];
      if (s.stop.event === "pain" || waitsFor(s, event, "may-resume")) {
        const found = radiologistWay(app, s, event);
        return found && { ...found, missing: missingBut(s, event, "may-resume") };
      }
      return event === "decannulated" ? radiologistWay(app, s, event) : way(app, s, event);
    },
    acts: (s) => some([
      { label: t("release.now"), missing: [], act: () => void app.ask("release-paddle") },
      s.phase === "stopped" ? { label: t("do.abort"), missing: [], guard: true, act: () => void app.go("abort") } : null,
      s.phase !== "suspected-extravasation" && s.phase !== "recovery" ? { label: t("do.suspected-extravasation"), missing: [], guard: true, act: () => void app.go("suspected-extravasation") } : null,
      s.phase !== "medical-emergency" && s.phase !== "recovery" ? { label: t("do.medical-emergency"), missing: [], guard: true, act: () => void app.go("medical-emergency") } : null]),
  };
}
