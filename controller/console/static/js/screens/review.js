/* S9: the images are judged at the modality; here is said what they showed, and what follows. */

import { h, setAttr, setText, show } from "../dom.js";
import { card, chips, guardedKey } from "../parts.js";
import { t } from "../text.js";
import { measuredMl, orderedMl } from "../units.js";
import { missing, pain, radiologistWay, rare, some, way } from "./ways.js";

const JUDGED = ["filled", "under", "air", "reflux", "wrong", "extravasation"];
/** What each judgement leads to. */
const LEADS = /** @type {Record<string, string[]>} */ ({
  filled: ["next-view", "done"], under: ["top-up", "next-view"], air: ["refill", "next-view"],
  reflux: ["top-up", "done"], wrong: ["next-duct", "done"], extravasation: [],
});

/** @param {import("../app.js").App} app @returns {View} */
export function review(app) {
  let judged = "";
  const lock = guardedKey(t("do.suspected-extravasation"), () => void app.go("suspected-extravasation"), "act danger");
  const warning = h("div.warning", {}, h("p", {}, t("review.locks")), lock);
  const advice = h("p.advice", { role: "status" });
  const choice = chips(t("review.judge"), JUDGED.map((value) => ({ value, label: t(`review.${value}`), more: t(`review.${value}.more`) })), (value) => { judged = value; }, "judged");
  const facts = h("dl.facts");
  const root = h("div.page.review", {}, card(t("review.judge"), h("p", {}, t("review.hint")), choice.root, advice, warning), card(t("review.done"), facts));
  return {
    root, pad: "",
    update(s) {
      show(warning, judged === "extravasation");
      const found = (LEADS[judged] ?? []).find((event) => missing(s, event)?.length === 0);
      setText(advice, judged && judged !== "extravasation" ? t("review.leads", { what: found ? t(`do.${found}`) : t("review.nothing") }) : "");
      const v = s.volume;
      const rows = /** @type {[string, string][]} */ ([
        [t("sum.delivered"), t("bar.between", { low: measuredMl(v.low_nl, "down"), high: measuredMl(v.high_nl, "up"), most: orderedMl(v.duct_limit_nl) })],
        [t("sum.planned"), `${orderedMl(v.planned_nl)}\u00a0mL`], [t("exposures"), String(s.exposure.made_count)],
        [t("sum.injections"), String(s.duct?.injection_count ?? 0)], [t("compression"), t(`paddle.${s.devices.mammograph.paddle}`)]]);
      const id = rows.join();
      if (facts.dataset.key !== id) {
        facts.dataset.key = id;
        facts.replaceChildren(...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
      }
      setAttr(advice, "data-state", found ? "ok" : "wait");
    },
    next(s) {
      if (!judged || judged === "extravasation") return { label: t("review.choose"), missing: [t(judged ? "need.extravasation" : "need.judged")], act: () => undefined };
      const events = LEADS[judged].filter((event) => missing(s, event) !== null);
      const event = events.find((name) => missing(s, name)?.length === 0) ?? events[0] ?? "done";
      const make = event === "done" ? radiologistWay : way;
      return make(app, s, event);
    },
    acts(s) {
      const others = ["next-view", "top-up", "refill", "next-duct", "change-syringe"].map((event) => way(app, s, event));
      return some([...others.filter((action) => action && action.missing.length === 0).map(rare), rare(radiologistWay(app, s, "done")),
        { label: t("release.now"), missing: [], act: () => void app.ask("release-paddle") }, pain(app)]);
    },
  };
}
