/* S7: light compression by the unit's own pedal; the room permits it or says why not. */

import { h, setAttr, setStyle, setText } from "../dom.js";
import { card, chips, figure } from "../parts.js";
import { t } from "../text.js";
import { clock, kpa, millimetre, newton } from "../units.js";
import { pain, some, way } from "./ways.js";

/** @param {import("../app.js").App} app @returns {View} */
export function compress(app) {
  const facts = /** @type {Facts} */ (app.facts);
  const view = chips(t("view"), facts.views.map((name) => ({ value: name, label: t(`view.${name}`), more: name.includes("DBT") ? t("view.dbt") : name.includes("MAG") ? t("view.mag") : "" })),
    (value) => void app.ask("select-view", { view: value }), "views");
  const force = figure(t("force"), "N", "huge"), thick = figure(t("thickness"), "mm", "huge"), since = figure(t("compressed"), "min"), line = figure(t("line"), "kPa");
  const fill = h("div.fill"), mark = h("div.mark", {}, h("span", {}, t("force.most", { n: newton(facts.limits.force_mn) })));
  setStyle(mark, "inset-inline-start", `${(100 * facts.limits.force_mn) / 100_000}%`);
  const permit = h("p.permit", { role: "status" });
  const root = h("div.page.compress", {},
    card(t("view"), view.root),
    card(t("compression"), h("div.figures", {}, force.root, thick.root), h("div.bar.force", { "aria-hidden": "true" }, fill, mark),
      h("div.pair", {}, since.root, line.root), permit, h("p.note", {}, t("compress.pedal"))));
  return {
    root, pad: "",
    update(s) {
      const unit = s.devices.mammograph;
      view.set(s.exposure.view);
      force.set(newton(unit.force_mn), t(`paddle.${unit.paddle}`));
      thick.set(unit.thickness_um ? millimetre(unit.thickness_um) : "\u2013");
      setStyle(fill, "inline-size", `${Math.min(100, unit.force_mn / 1000)}%`);
      setAttr(force.root, "data-level", unit.force_mn > facts.limits.force_mn ? "stop" : "ok");
      const ms = s.exposure.compressed_ms;
      since.set(ms === null ? "\u2013" : clock(ms / 1000), t("compressed.most", { time: clock(facts.limits.compressed_time_ns / 1e9) }));
      setAttr(since.root, "data-level", ms !== null && ms * 1e6 > facts.limits.compressed_time_ns * 0.75 ? "warn" : "ok");
      line.set(kpa(s.pressure.line_pa));
      const blocked = s.refused.filter((row) => row.startsWith("compression"));
      setAttr(permit, "data-state", blocked.length ? "no" : "ok");
      setText(permit, blocked.length ? t("compress.blocked", { why: blocked.map((row) => row.split(": ")[1]).join(", ") }) : t("compress.free"));
    },
    next: (s) => way(app, s, "compressed"),
    acts: () => some([{ label: t("release.now"), missing: [], act: () => void app.ask("release-paddle") }, pain(app)]),
  };
}
