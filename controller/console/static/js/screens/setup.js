/* S3, first half: what is in the clamp, and whether every device answers. */

import { syringePicture } from "../diagram.js";
import { h, setAttr, setText, show } from "../dom.js";
import { card, checkRow, chips, key, stepper } from "../parts.js";
import { t } from "../text.js";
import { celsius, millimetre, ordered, orderedMl } from "../units.js";
import { way } from "./ways.js";

const DEVICES = /** @type {const} */ (["pump", "line", "room", "mammograph"]);

/** @param {import("../app.js").App} app @returns {View} */
export function setup(app) {
  const facts = /** @type {Facts} */ (app.facts);
  const chosen = { syringe: "", cannula: "", contrast: "" };
  const fill = h("div.fill");
  /** @type {ReturnType<typeof stepper> | null} */ let volume = null;
  const syringe = chips(t("setup.syringe"), facts.syringes.map((s) => ({
    value: s.name, label: s.name, said: true, more: h("span.more", {}, syringePicture(s), t("setup.bore", { mm: millimetre(s.diameter_um, 2) })),
  })), (value) => {
    chosen.syringe = value;
    const most = /** @type {SyringeFact} */ (facts.syringes.find((s) => s.name === value)).capacity_nl;
    volume = stepper({ name: t("setup.volume"), unit: "mL", least: 100_000, most, step: 100_000, first: most,
      say: orderedMl, chips: [most / 2, most], changed: () => undefined });
    fill.replaceChildren(volume.root);
  }, "pictures");
  const cannula = chips(t("setup.cannula"), facts.cannulas.map((c) => ({
    value: c.name, label: c.name, said: true, more: t("setup.cannula.more", { bore: ordered(c.bore_um, 3), length: ordered(c.length_um, 3) }),
  })), (value) => { chosen.cannula = value; });
  const contrast = chips(t("setup.contrast"), facts.contrasts.map((c) => ({
    value: c.name, label: c.name, said: true, more: t("setup.iodine", { mg: c.iodine_mg_ml }),
  })), (value) => { chosen.contrast = value; });
  const lot = /** @type {HTMLInputElement} */ (h("input", { id: "f-lot", autocomplete: "off", maxlength: 64 }));
  const warm = stepper({ name: t("setup.temperature"), unit: "°C", least: facts.limits.temperature_low_mc, most: facts.limits.temperature_high_mc,
    step: 500, first: 37_000, say: (mc) => ordered(mc, 3), chips: [35_000, 36_000, 37_000], changed: () => undefined });
  const measured = h("p.measured");
  const rows = Object.fromEntries(DEVICES.map((name) => [name, checkRow(t(`device.${name}`))]));
  const power = checkRow(t("device.power"));
  const out = key(t("setup.power.out"), () => void app.ask("confirm-reclose", { cannula_out: true }), "act");
  const shut = key(t("setup.power.shut"), () => void app.ask("confirm-reclose", { stopcock_closed: true }), "act");
  const powerKeys = h("div.row", {}, out, shut);
  const second = key(t("setup.second"), () => app.callPerson("technologist", () =>
    void app.ask("confirm-mount", { syringe: chosen.syringe, cannula: chosen.cannula, contrast: chosen.contrast })), "act");
  const shown = h("p.mounted", { "data-said": true });
  const gaps = () => {
    const found = [];
    if (!chosen.syringe) found.push(t("need.syringe"));
    else if (volume === null || volume.value === null) found.push(t("need.fill"));
    if (!chosen.cannula) found.push(t("need.cannula"));
    if (!chosen.contrast) found.push(t("need.contrast"));
    if (!lot.value.trim()) found.push(t("need.lot"));
    if (!facts.temperature_sensor && warm.value === null) found.push(t("need.temperature"));
    return found;
  };
  const send = async () => {
    const taken = await app.ask("set-up-room", {
      contrast: chosen.contrast, lot: lot.value.trim(), temperature_mc: facts.temperature_sensor ? 0 : warm.value,
      syringe: chosen.syringe, cannula: chosen.cannula, volume_nl: volume?.value,
    });
    if (taken) part = "devices";
  };
  /** One thing after the other: syringe, then cannula and contrast, then devices and power. */
  let part = "syringe";
  const parts = /** @type {Record<string, HTMLElement>} */ ({
    syringe: h("div.columns", {}, card(t("setup.syringe"), syringe.root), card(t("setup.volume"), fill)),
    cannula: h("div.columns", {}, card(t("setup.cannula"), cannula.root),
      card(t("setup.contrast"), contrast.root, h("label.field", { for: "f-lot" }, h("span.name", {}, t("setup.lot")), lot)),
      card(t("setup.temperature"), facts.temperature_sensor ? measured : warm.root)),
    devices: h("div.columns", {}, card(t("setup.devices"), h("ul.checks", {}, ...DEVICES.map((name) => rows[name].root), power.root), powerKeys),
      card(t("setup.mounted"), shown, second)),
  });
  const root = h("div.page.setup", {}, ...Object.values(parts));
  return {
    root, pad: "",
    update(s) {
      for (const name of DEVICES) {
        const device = s.devices[name];
        const up = device.link === "up";
        rows[name].set(up ? "ok" : device.link === "probing" ? "wait" : "no",
          up ? t("device.answers", { ms: device.age_ms ?? 0 }) : device.refusal || t(`link.${device.link}`), !up && device.refusal !== "");
      }
      const box = s.devices.room;
      power.set(box.relay_closed ? "ok" : "wait", t(box.relay_closed ? "power.on" : "power.off"));
      show(powerKeys, !box.relay_closed);
      setText(measured, t("setup.measured", { c: celsius(s.pressure.temperature_mc) }));
      const m = s.mounted;
      setText(shown, m ? `${m.syringe} · ${m.cannula} · ${m.contrast} · ${m.by}` : t("setup.nothing"));
      setAttr(shown, "data-said", m !== null);
      show(second, m !== null && m.doubted && !m.confirmed_by);
      for (const [name, node] of Object.entries(parts)) show(node, name === part);
      if (m && !chosen.syringe) {
        chosen.syringe = m.syringe;
        chosen.cannula = m.cannula;
        chosen.contrast = m.contrast;
        syringe.set(m.syringe);
        cannula.set(m.cannula);
        contrast.set(m.contrast);
        part = "devices";
      }
    },
    next(s) {
      const m = s.mounted;
      if (part === "syringe") {
        const missing = gaps().slice(0, 1).filter((words) => words === t("need.syringe") || words === t("need.fill"));
        return { label: t("setup.next.cannula"), missing, act: () => { part = "cannula"; } };
      }
      if (part === "cannula") {
        const missing = gaps();
        return { label: missing.length ? t("setup.enter") : t("setup.enter.read", { syringe: chosen.syringe, cannula: chosen.cannula }), missing, act: () => void send() };
      }
      return m ? way(app, s, "set-up") : null;
    },
    acts: () => part === "syringe" ? [] : [{ label: t(part === "cannula" ? "setup.back" : "setup.change"), missing: [], act: () => { part = "syringe"; } }],
  };
}
