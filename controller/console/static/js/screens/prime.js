/* S3, second half: zero, prime, push against the closed stopcock and take it back, measure the
   open tip: each with its number and the band it must lie in. */

import { h, setAttr, setStyle, setText, show } from "../dom.js";
import { card, key } from "../parts.js";
import { t } from "../text.js";
import { fixed, kpa, measuredMl } from "../units.js";
import { some, way } from "./ways.js";

/** What a self-test moves is said in microlitres. */
const SMALL_NL = 10_000;
const STAGES = ["zero", "prime", "stiffness", "retract-test", "open-tip", "rest"];
const SHUT = ["stiffness", "retract-test"];

/** @param {string} unit @param {number} value */
function said(unit, value) {
  if (unit === "nl") return measuredMl(value);
  if (unit === "nl_kpa") return fixed(value, 3, 2);
  if (unit === "pa") return kpa(value);
  return String(value);
}

/** @param {Snapshot} s */
function stage(s) {
  const tests = new Map(s.line.tests.map((test) => [test.name, test.passed]));
  if (!s.line.zeroed) return "zero";
  if (!s.line.primed || !tests.has("first-drop")) return "prime";
  if (!tests.has("stiffness")) return "stiffness";
  if (!tests.has("retract")) return "retract-test";
  if (!s.line.resistance_pa_s_ul) return "open-tip";
  return "rest";
}

/** @param {import("../app.js").App} app @returns {View} */
export function prime(app) {
  const facts = /** @type {Facts} */ (app.facts);
  const cards = STAGES.map((name) => ({ name, root: h("li.stage", {}, h("span.mark"), h("div.text", {}, h("strong", {}, t(`prime.${name}`)), h("span.do", {}, t(`prime.${name}.do`)))) }));
  const fill = h("div.fill"), amount = h("span.live.amount");
  const line = h("span.live.amount");
  const tests = h("tbody");
  const table = h("table.tests", {}, h("caption", {}, t("tests")), h("thead", {}, h("tr", {}, ...["name", "measured", "band", "verdict"].map((name) => h("th", { scope: "col" }, t(`tests.${name}`))))), tests);
  const drop = key(t("prime.drop"), () => void app.ask("first-drop"), "act big");
  const root = h("div.page.prime", {},
    card(t("prime.steps"), h("ol.stages", {}, ...cards.map((one) => one.root))),
    h("div.stack", {},
      card(t("prime.now"), h("div.row", {}, h("span.name", {}, t("prime.moved")), amount), h("div.bar", { "aria-hidden": "true" }, fill),
        h("div.row", {}, h("span.name", {}, t("line")), line), drop),
      card(t("tests"), table)));
  return {
    root, pad: "prime",
    update(s) {
      const now = stage(s), at = STAGES.indexOf(now);
      cards.forEach((one, i) => {
        const state = i < at ? "ok" : i === at ? "now" : "wait";
        setAttr(one.root, "data-state", state);
        setText(one.root.children[0], i < at ? "\u2713" : i === at ? "\u25b6" : String(i + 1));
      });
      const motion = s.motion;
      const counter = motion?.purpose === "retract-test" ? s.devices.pump.withdrawn_nl : s.devices.pump.infused_nl;
      const moved = motion ? Math.max(0, counter - motion.from_nl) : 0;
      const all = motion ? motion.until_nl - motion.from_nl : facts.limits.prime_volume_nl;
      const done = motion ? moved : s.line.prime_nl;
      const whole = Math.max(all, motion ? 0 : done);
      setText(amount, whole < SMALL_NL ? `${fixed(done, 3, 1)} / ${fixed(whole, 3, 1)}\u00a0\u00b5L` : `${measuredMl(done)} / ${measuredMl(whole)}\u00a0mL`);
      setStyle(fill, "inline-size", `${Math.min(100, (100 * moved) / Math.max(1, all))}%`);
      setText(line, `${kpa(s.pressure.line_pa)}\u00a0kPa`);
      show(drop, now === "prime" && !s.line.tests.some((test) => test.name === "first-drop"));
      setAttr(drop, "aria-disabled", s.hold.phase === "open" || s.line.prime_nl > 0 ? null : "true");
      const id = s.line.tests.map((test) => `${test.name}${test.measured}${test.passed}`).join();
      if (tests.dataset.key !== id) {
        tests.dataset.key = id;
        tests.replaceChildren(...s.line.tests.map((test) => h("tr", { "data-state": test.passed ? "ok" : "no" },
          h("th", { scope: "row" }, t(`test.${test.name}`)),
          h("td", {}, `${said(test.unit, test.measured)}\u00a0${t(`unit.${test.unit}`)}`),
          h("td", {}, t("tests.range", { low: said(test.unit, test.low), high: said(test.unit, test.high) })),
          h("td.verdict", {}, t(test.passed ? "tests.passed" : "tests.failed")))));
      }
    },
    next(s) {
      if (s.hold.phase === "ready" || s.hold.phase === "open") return null;
      const now = stage(s);
      if (now === "zero") return { label: t("prime.zero.act"), missing: [], act: () => void app.ask("zero") };
      const failed = s.line.tests.some((test) => !test.passed);
      if (!failed && now !== "rest") {
        return { label: t(`prime.${now}.act`), missing: [], act: () => void app.ask("tip-out", { purpose: now, stopcock_closed: SHUT.includes(now) }) };
      }
      return way(app, s, "primed");
    },
    acts: (s) => some([
      { label: t("prime.zero.again"), missing: s.hold.phase === "open" ? [t("wait.stop")] : [], act: () => void app.ask("zero") },
      way(app, s, "mount-anew")]),
  };
}
