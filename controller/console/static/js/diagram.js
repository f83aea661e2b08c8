/* Breast and nipple, always as one faces the patient: their left is on the right of the
   screen, and says so. No other orientation exists anywhere. */

import { h, setAttr, svg } from "./dom.js";
import { t } from "./text.js";

/** @param {(side: "L" | "R") => void} chosen */
export function breasts(chosen) {
  /** @type {Record<string, HTMLElement>} */
  const buttons = {};
  const root = h("div.breasts", { role: "group", "aria-label": t("side.facing") });
  for (const side of /** @type {("R" | "L")[]} */ (["R", "L"])) {
    const button = h("button.breast", { type: "button", "aria-pressed": "false" },
      svg("svg", { viewBox: "0 0 100 84", "aria-hidden": "true" },
        svg("path", { d: side === "R" ? "M92 6C60 0 14 14 10 46c-2 22 18 34 40 33 26-1 40-18 42-40z"
          : "M8 6c32-6 78 8 82 40 2 22-18 34-40 33C24 78 10 61 8 39z", class: "outline" }),
        svg("circle", { cx: 50, cy: 46, r: 12, class: "areola" }),
        svg("circle", { cx: 50, cy: 46, r: 4, class: "nipple" })),
      h("span.label", {}, t(`side.${side}`)), h("span.more", {}, t(`side.more.${side}`)));
    button.addEventListener("click", () => {
      set(side);
      chosen(side);
    });
    buttons[side] = button;
    root.append(button);
  }
  /** @param {string} side */
  const set = (side) => {
    for (const [name, button] of Object.entries(buttons)) setAttr(button, "aria-pressed", String(name === side));
  };
  return { root: h("div.facing", {}, h("p.caption", {}, t("side.facing")), root), set };
}

/** Twelve positions around the nipple. @param {(hour: number) => void} chosen */
export function clockFace(chosen) {
  const root = h("div.clockface", { role: "group", "aria-label": t("duct.clock") },
    svg("svg", { viewBox: "-50 -50 100 100", "aria-hidden": "true" },
      svg("circle", { r: 29, class: "areola" }), svg("circle", { r: 11, class: "nipple" }),
      svg("path", { d: "M0-27v6", class: "tick" })),
    h("span.patient.left", {}, t("side.more.L")), h("span.patient.right", {}, t("side.more.R")));
  /** @type {HTMLElement[]} */
  const hours = [];
  for (let hour = 1; hour <= 12; hour += 1) {
    const button = h("button.hour", { type: "button", "aria-pressed": "false",
      "aria-label": t("duct.hour", { hour }), "data-hour": hour }, String(hour));
    const angle = (hour / 12) * 2 * Math.PI;
    button.style.setProperty("--x", String(Math.sin(angle)));
    button.style.setProperty("--y", String(-Math.cos(angle)));
    button.addEventListener("click", () => {
      set(hour);
      chosen(hour);
    });
    hours.push(button);
    root.append(button);
  }
  /** @param {number} hour */
  const set = (hour) => hours.forEach((button, i) => setAttr(button, "aria-pressed", String(i + 1 === hour)));
  return { root, set };
}

/** A syringe as it looks: broad or slender tells one from another. @param {SyringeFact} syringe */
export function syringePicture(syringe) {
  const wide = syringe.diameter_um / 400;
  const long = Math.min(150, (syringe.capacity_nl / 1e6 / ((syringe.diameter_um / 1e4) ** 2)) * 28);
  return svg("svg", { viewBox: "0 0 200 34", "aria-hidden": "true", class: "syringe" },
    svg("rect", { x: 8, y: 17 - wide / 2, width: long, height: wide, rx: 1.5, class: "barrel" }),
    svg("rect", { x: 8 + long * 0.4, y: 17 - wide / 2 + 1.5, width: long * 0.6 - 2, height: wide - 3, class: "contrast" }),
    svg("path", { d: `M${8 + long} 17h14M8 ${17 - wide / 2 - 3}v${wide + 6}M0 17h${8 + long * 0.4}`, class: "rod" }));
}
