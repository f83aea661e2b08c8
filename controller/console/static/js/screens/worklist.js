/* S1: who is the patient, which breast, how much. Entered by hand, and flagged so in the record. */

import { breasts } from "../diagram.js";
import { h, setAttr, setText, show } from "../dom.js";
import { card, chips, key, stepper } from "../parts.js";
import { t } from "../text.js";
import { orderedMl } from "../units.js";

const STEP_NL = 10_000;

/** @param {string} name @param {string} label @param {string} hint @param {() => void} changed */
function field(name, label, hint, changed) {
  const input = /** @type {HTMLInputElement} */ (h("input", { id: `f-${name}`, name, autocomplete: "off", spellcheck: "false", maxlength: 64 }));
  input.addEventListener("input", changed);
  return { root: h("label.field", { for: `f-${name}` }, h("span.name", {}, label), input, h("span.hint", {}, hint)), input };
}

/** @param {import("../app.js").App} app @returns {View} */
export function worklist(app) {
  const limits = app.facts?.limits ?? {};
  const changed = () => undefined;
  const patient = field("name", t("patient.name"), t("patient.name.hint"), changed);
  const id = field("id", t("patient.id"), "", changed);
  const born = field("born", t("patient.born"), t("patient.born.hint"), changed);
  const order = field("order", t("patient.accession"), "", changed);
  const performer = field("performer", t("patient.performer"), "", changed);
  const assistant = field("assistant", t("patient.assistant"), "", changed);
  assistant.input.value = app.who.by;
  /** @type {string} */ let ordered = "";
  /** @type {string} */ let side = "";
  const orderSide = chips(t("order.side"), [{ value: "R", label: t("side.R") }, { value: "L", label: t("side.L") }], (value) => {
    ordered = value;
  });
  const verdict = h("p.verdict", { role: "status" });
  const diagram = breasts((value) => { side = value; });
  const volume = stepper({
    name: t("order.volume"), unit: "mL", least: STEP_NL, most: limits.injection_volume_nl ?? 200_000, step: STEP_NL,
    first: STEP_NL * 5, say: orderedMl, chips: [50_000, 100_000, 200_000, 300_000].filter((nl) => nl <= limits.injection_volume_nl), changed });
  /** @type {string} */ let same = "";
  const another = h("div.same", {}, h("p", {}, t("same.question")));
  const sameId = field("same", t("same.id"), "", () => { same = sameId.input.value.trim(); });
  another.append(key(t("same.no"), () => { same = "none"; sameId.input.value = ""; }, "chip"), sameId.root);
  const whole = h("div.entry", {},
    card(t("patient.card"), patient.root, id.root, born.root, order.root, performer.root, assistant.root),
    card(t("side.card"), h("div.row", {}, h("span.name", {}, t("order.side")), orderSide.root), diagram.root, verdict),
    card(t("order.card"), volume.root, another));
  const list = h("p.none", {}, t("worklist.none"));
  const locks = h("p.daily-state", {});
  const root = h("div.page.worklist", {}, h("div.head", {}, h("h1", {}, t("worklist")), list, locks), whole);

  const gaps = () => {
    const found = [];
    if (!patient.input.value.trim() || !id.input.value.trim()) found.push(t("need.patient"));
    if (!/^\d{4}-\d\d-\d\d$/.test(born.input.value.trim())) found.push(t("need.born"));
    if (!performer.input.value.trim() || !assistant.input.value.trim()) found.push(t("need.people"));
    if (!ordered) found.push(t("need.order.side"));
    if (!side) found.push(t("need.side"));
    if (side && ordered && side !== ordered) found.push(t("side.differs"));
    if (volume.value === null) found.push(t("need.volume"));
    return found;
  };
  const send = () => void app.ask("open-case", {
    patient_id: id.input.value.trim(), patient_name: patient.input.value.trim(), birth_date: born.input.value.trim(),
    accession: order.input.value.trim(), side, ordered_side: ordered, ordered_nl: volume.value,
    performer: performer.input.value.trim(), assistant: assistant.input.value.trim(), same_patient_as: same,
  });
  return {
    root, pad: "",
    update(s) {
      const both = side !== "" && ordered !== "";
      setAttr(verdict, "data-state", both ? (side === ordered ? "ok" : "no") : "wait");
      setText(verdict, both ? t(side === ordered ? "side.same" : "side.differs") : t("side.compare"));
      const check = s.daily_check;
      setText(locks, check.rule === "waived" ? t("daily.waived") : check.valid ? t("daily.valid", { hours: Math.floor(check.left_s / 3600) }) : t("daily.missing"));
      setAttr(locks, "data-state", check.valid ? "ok" : "no");
      show(another, app.refusal.some((words) => words.includes("24 h")) || same !== "");
    },
    next: () => ({
      label: gaps().length ? t("do.open") : t("do.open.read", {
        name: patient.input.value.trim(), side: t(`side.${side}`), volume: orderedMl(volume.value ?? 0) }),
      missing: gaps(), act: send,
    }),
    acts: () => [{ label: t("daily.open"), missing: [], act: () => app.open("daily") },
      { label: t("history"), missing: [], act: () => app.open("history") }],
  };
}
