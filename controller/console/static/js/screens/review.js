/* S9: the images are judged at the modality; here is said what they showed, and what follows. */

import { h, setAttr, setLines, setText, show } from "../dom.js";
import { card, chips, guardedKey } from "../parts.js";
import { t } from "../text.js";
import { measuredMl, orderedMl } from "../units.js";
import { missing, pain, radiologistWay, rare, some, spent, way } from "./ways.js";

const JUDGED = ["filled", "under", "air", "reflux", "wrong", "extravasation"];
/** What each judgement leads to: the first of them that can still be. */
const LEADS = /** @type {Record<string, string[]>} */ ({
  filled: ["next-view", "done"], under: ["top-up", "next-view"], air: ["refill", "next-view"],
  reflux: ["top-up", "done"], wrong: ["next-duct", "done"], extravasation: [],
});
/** What may have been had as often, or as much, as it may be: that is said, and not offered. */
const COUNTED = ["top-up", "refill", "next-duct", "change-syringe"];

/** @param {Snapshot} s @param {string} judged */
const lead = (s, judged) => (LEADS[judged] ?? []).find((event) => missing(s, event) !== null && spent(s, event).length === 0) ?? "done";

/** @param {import("../app.js").App} app @returns {View} */
export function review(app) {
  let judged = "";
  const lock = guardedKey(t("do.suspected-extravasation"), () => void app.go("suspected-extravasation"), "act danger");
  const warning = h("div.warning", {}, h("p", {}, t("review.locks")), lock);
  const advice = h("p.advice", { role: "status" });
  const cannot = h("ul.cannot", { "aria-label": t("review.cannot") });
  const choice = chips(t("review.judge"), JUDGED.map((value) => ({ value, label: t(`review.${value}`), more: t(`review.${value}.more`) })), (value) => { judged = value; }, "judged");
  const facts = h("dl.facts");
  const root = h("div.page.review", {}, card(t("review.judge"), h("p", {}, t("review.hint")), choice.root, advice, cannot, warning), card(t("review.done"), facts));
  return {
    root, pad: "",
    update(s) {
      show(warning, judged === "extravasation");
      const said = judged && judged !== "extravasation";
      const event = lead(s, judged), found = missing(s, event)?.length === 0;
      setText(advice, said ? t(found ? "review.leads" : "review.waits", { what: t(`do.${event}`) }) : "");
      setLines(cannot, COUNTED.flatMap((name) => spent(s, name).slice(0, 1).map((why) => t("review.spent", { what: t(`do.${name}`), why }))));
      const v = s.volume;
      const rows = /** @type {[string, string][]} */ ([
        [t("sum.delivered"), t("bar.between", { low: measuredMl(v.low_nl, "down"), high: measuredMl(v.high_nl, "up"), most: orderedMl(v.duct_limit_nl) })],
        [t("sum.planned"), `${orderedMl(v.planned_nl)}\u00a0mL`], [t("exposures"), String(s.exposure.made_count)],
        [t("sum.injections"), t("of.most", { count: s.duct?.injection_count ?? 0, most: app.facts?.limits.injections_per_duct_count ?? "\u2013" })], [t("compression"), t(`paddle.${s.devices.mammograph.paddle}`)]]);
      const id = rows.join();
      if (facts.dataset.key !== id) {
        facts.dataset.key = id;
        facts.replaceChildren(...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
      }
      setAttr(advice, "data-state", found ? "ok" : "wait");
    },
    next(s) {
      if (!judged || judged === "extravasation") return { label: t("review.choose"), missing: [t(judged ? "need.extravasation" : "need.judged")], act: () => undefined };
      const event = lead(s, judged);
      const make = event === "done" ? radiologistWay : way;
      return make(app, s, event);
    },
    acts(s) {
      const others = ["next-view", ...COUNTED].filter((event) => spent(s, event).length === 0);
      return some([...others.map((event) => rare(way(app, s, event))), rare(radiologistWay(app, s, "done")),
        { label: t("release.now"), missing: [], act: () => void app.ask("release-paddle") }, pain(app)]);
    },
  };
}
