/* The hands in a simulated room: switches, pedal, door, and where the tip is. A real room has
   no such panel. */

import { h, setAttr, setText } from "./dom.js";
import { faultPanel } from "./fault_panel.js";
import { key } from "./parts.js";
import { t } from "./text.js";

/** A switch that is pressed while a finger is on it. @param {string} label @param {(on: boolean) => void} set */
function momentary(label, set) {
  const made = key(label, () => undefined, "small momentary");
  let on = false;
  const to = (/** @type {boolean} */ now) => {
    if (on === now) return;
    on = now;
    setAttr(made, "aria-pressed", String(now));
    set(now);
  };
  setAttr(made, "aria-pressed", "false");
  made.addEventListener("contextmenu", (event) => event.preventDefault());
  made.addEventListener("pointerdown", (event) => { made.setPointerCapture(event.pointerId); to(true); });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) made.addEventListener(name, () => to(false));
  made.addEventListener("keydown", (event) => { if (event.code === "Space") { event.preventDefault(); if (!event.repeat) to(true); } });
  made.addEventListener("keyup", (event) => { if (event.code === "Space") to(false); });
  made.addEventListener("blur", () => to(false));
  return made;
}

/** @param {string} label @param {[string, string][]} values @param {string} first @param {(value: string) => void} set */
function toggle(label, values, first, set) {
  let at = values.findIndex(([value]) => value === first);
  const made = key("", () => {
    at = (at + 1) % values.length;
    set(values[at][0]);
    face();
  }, "small");
  const face = () => setText(made, `${label}: ${values[at][1]}`);
  face();
  return made;
}

/** @param {import("./app.js").App} app @param {HTMLElement} root */
export function simPanel(app, root) {
  const set = (/** @type {string} */ name, /** @type {unknown} */ value) => void app.link.send({ k: "sim", set: { [name]: value } });
  const words = h("p.note", { "data-said": true });
  const truth = h("dl.facts");
  setAttr(root, "aria-label", t("sim"));
  root.replaceChildren(h("h2", {}, t("sim")), h("p.note", {}, t("sim.hint")),
    momentary(t("sim.foot"), (on) => set("hold", on)), momentary(t("sim.hand"), (on) => set("hold", on)),
    momentary(t("sim.pedal"), (on) => set("compress_pedal", on)), momentary(t("sim.pain"), (on) => set("pain", on)),
    toggle(t("sim.door"), [["closed", t("sim.closed")], ["open", t("sim.opened")]], "closed", (value) => set("door", value)),
    toggle(t("sim.tip"), [["out", t("sim.out")], ["duct", t("sim.in")]], "out", (value) => set("tip", value)),
    toggle(t("sim.stopcock"), [["open", t("sim.opened")], ["closed", t("sim.closed")]], "open", (value) => set("stopcock", value)),
    key(t("sim.mount"), () => set("mount", "anew"), "small"), key(t("sim.next"), () => set("next_patient", true), "small"),
    toggle(t("sim.estop"), [["", t("sim.released")], ["1", t("sim.pressed")]], "", (value) => set("emergency_stop", value !== "")),
    words, truth, faultPanel(app));
  const SHOWN = /** @type {[string, string][]} */ ([["entered_nl", "sim.entered"], ["spilled_nl", "sim.spilled"], ["extravasated_nl", "sim.outside"]]);
  app.hearers.push((message) => {
    if (message.k !== "sim") return;
    setText(words, message.error ?? "");
    if (message.truth) {
      truth.replaceChildren(...SHOWN.filter(([name]) => name in message.truth).flatMap(([name, word]) => [h("dt", {}, t(word)), h("dd", {}, `${(message.truth[name] / 1000).toFixed(1)}\u00a0\u00b5L`)]));
    }
  });
  let listed = false;
  setInterval(() => {
    if (root.hidden) return;
    app.link.send({ k: "sim", truth: true, struck: true, catalogue: !listed });
    listed = true;
  }, 500);
}
