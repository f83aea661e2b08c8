/* Faults of the simulated room: each with what must be seen of it, and whether it was. A fault
   that touched nothing is none. A real room has no such panel. */

import { h, setText } from "./dom.js";
import { key } from "./parts.js";
import { t } from "./text.js";

/** @typedef {{ name: string, must: string, mended: boolean, not_live: string }} Listed */
/** @typedef {{ name: string, must: string, acted: boolean }} Struck */

/** @param {import("./app.js").App} app @returns {HTMLElement} */
export function faultPanel(app) {
  const send = (/** @type {Record<string, unknown>} */ wish) => void app.link.send({ k: "sim", ...wish });
  const pick = /** @type {HTMLSelectElement} */ (h("select", { "aria-label": t("sim.fault") }));
  const must = h("p.note");
  const there = h("ul.struck", { "aria-label": t("sim.struck") });
  /** @type {Map<string, Listed>} */
  const known = new Map();
  let drawn = "";
  const told = () => setText(must, known.get(pick.value)?.must ?? "");
  pick.addEventListener("change", told);
  app.hearers.push((message) => {
    if (message.k !== "sim") return;
    const listed = /** @type {Listed[] | undefined} */ (message.catalogue);
    if (listed && known.size === 0) {
      for (const one of listed) if (!one.not_live) known.set(one.name, one);
      pick.replaceChildren(...[...known.keys()].map((name) => h("option", { value: name }, name)));
      told();
    }
    const struck = /** @type {Struck[] | undefined} */ (message.struck);
    if (!struck || JSON.stringify(struck) === drawn) return;
    drawn = JSON.stringify(struck);
    there.replaceChildren(...struck.map((one) => h("li", {}, h("b", {}, one.name), ` ${one.must}: `,
      h("b", {}, t(one.acted ? "sim.acted" : "sim.not-yet")), key(t("sim.mend"), () => send({ mend: [one.name] }), "small"))));
  });
  return h("section", { "aria-label": t("sim.faults") }, h("h2", {}, t("sim.faults")), pick, must,
    key(t("sim.strike"), () => { if (pick.value) send({ strike: [pick.value] }); }, "small"), there);
}
