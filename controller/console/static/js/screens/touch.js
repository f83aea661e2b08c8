/* The touch test: nine places, pressed one after the other with the glove that will be worn. A
   panel that does not feel the glove, feels it late or elsewhere, shows here and not in a hold. */

import { h, setAttr, setStyle, setText, show } from "../dom.js";
import { t } from "../text.js";

/** Corners, edges and the middle of the work area, as shares of it. */
const PLACES = [[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5], [0.5, 0], [1, 0.5], [0.5, 1], [0, 0.5]];
/** A press further from the middle of its target than this was felt elsewhere. */
const NEAR_MM = 10;

/** @param {import("../app.js").App} app @returns {View} */
export function touch(app) {
  const target = h("button.target", { type: "button", "aria-label": t("touch.target") });
  const words = h("p.result", { role: "status" });
  const field = h("div.field-of-touch", {}, target, h("div.middle", {}, h("p", {}, t("touch.how")), words));
  let at = 0, misses = 0, furthest = 0;
  const place = () => {
    const [x, y] = PLACES[Math.min(at, PLACES.length - 1)];
    setStyle(target, "--x", String(x));
    setStyle(target, "--y", String(y));
    const done = at === PLACES.length;
    show(target, !done);
    const good = done && misses === 0 && furthest <= NEAR_MM;
    setAttr(words, "data-state", done ? (good ? "ok" : "no") : "wait");
    setText(words, t(done ? (good ? "touch.good" : "touch.bad") : "touch.so-far", { done: at, all: PLACES.length, misses, mm: furthest.toFixed(0) }));
  };
  field.addEventListener("pointerdown", (event) => {
    if (at === PLACES.length || event.button !== 0) return;
    const box = target.getBoundingClientRect();
    const mm = Math.hypot(event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2) / app.pxPerMm;
    if (target.contains(/** @type {Node} */ (event.target))) {
      furthest = Math.max(furthest, mm);
      at += 1;
    } else misses += 1;
    place();
  });
  place();
  return {
    root: h("div.page.touch", {}, h("h1", {}, t("touch.title")), field), pad: "", update: () => undefined,
    next: () => ({ label: t("back"), missing: [], act: () => app.open("") }),
    acts: () => [{ label: t("touch.again"), missing: [], act: () => { at = misses = furthest = 0; place(); } }],
  };
}
