/* The steps of a procedure, where it stands, and the way to what is not a step. No jumping. */

import { h, setAttr, setText, show } from "./dom.js";
import { key } from "./parts.js";
import { placeOf, STEPS } from "./steps.js";
import { t } from "./text.js";

/** @param {import("./app.js").App} app @param {HTMLElement} root @param {HTMLElement} room */
export function stepRail(app, root, room) {
  const steps = STEPS.map((name, i) => {
    const mark = h("span.mark");
    return { mark, root: h("li.step", {}, h("span.number", {}, String(i + 1)), mark, h("span.name", {}, t(`step.${name}`))) };
  });
  const menu = key(t("menu"), () => app.open("menu"), "railkey");
  const roomKey = key(t("sim.open"), () => {
    show(room, room.hidden);
    setAttr(roomKey, "aria-expanded", String(!room.hidden));
  }, "railkey");
  setAttr(root, "aria-label", t("rail"));
  root.append(h("ol", {}, ...steps.map((step) => step.root)), h("div.keys", {}, roomKey, menu));
  show(roomKey, false);
  return {
    roomKey,
    /** @param {Snapshot} s */
    update(s) {
      const at = STEPS.indexOf(placeOf(s));
      steps.forEach((step, i) => {
        const state = at < 0 || i > at ? null : i < at ? "done" : "now";
        setAttr(step.root, "data-state", state);
        setAttr(step.root, "aria-current", state === "now" ? "step" : null);
        setText(step.mark, state === "done" ? "\u2713" : state === "now" ? "\u25cf" : "");
      });
    },
  };
}
