/* S1: who is the patient, which breast, how much. From the worklist where there is one; by hand
   otherwise, and then the record says so. The breast is touched and compared either way. */

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

const DAY_MS = 86_400_000;
/** @param {number} day since 1970 */
const dayOf = (day) => new Date(day * DAY_MS).toISOString().slice(0, 10);
/** Those that still hold. @template {{locked_until_day: number}} T @param {T[]} locks */
const locked = (locks) => locks.filter((lock) => lock.locked_until_day >= Math.floor(Date.now() / DAY_MS));

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
  const list = h("p.none", { role: "status" }, t("worklist.none"));
  const day = h("p.daily-state", {}), locks = h("p.locks", { "data-said": true });
  const words = /** @type {HTMLInputElement} */ (h("input", { id: "f-scheduled", type: "search", autocomplete: "off", maxlength: 100 }));
  const find = () => app.link.send({ k: "worklist", words: words.value.trim() });
  words.addEventListener("input", find); // the server answers from what it knows: no key to press
  const body = h("tbody");
  const scheduled = h("div.scheduled", { hidden: true },
    h("div.row", {}, h("label.field", { for: "f-scheduled" }, h("span.name", {}, t("history.search")), words)),
    h("div.list", { tabindex: "0", role: "region", "aria-label": t("worklist.scheduled") }, h("table.cases", {}, h("thead", {}, h("tr", {}, ...["at", "patient", "born", "side", "procedure", "status"].map((name) => h("th", { scope: "col" }, t(`worklist.${name}`))), h("td"))), body)));
  const root = h("div.page.worklist", {}, h("div.head", {}, h("h1", {}, t("worklist")), list, locks, day), whole, scheduled);
  /** The row that was chosen; null: entered by hand. @type {Scheduled | null} */ let row = null;
  let listed = false;

  /** A row fills the form and cannot be changed there; by hand everything is empty.
   *  @param {Scheduled | null} chosen */
  const fill = (chosen) => {
    row = chosen;
    listed = false;
    ordered = chosen?.side ?? "";
    side = "";
    orderSide.set(ordered);
    diagram.set("");
    for (const [input, text] of /** @type {[HTMLInputElement, string | undefined][]} */ ([[patient.input, chosen?.patient_name], [id.input, chosen?.patient_id], [born.input, chosen?.birth_date], [order.input, chosen?.accession]])) {
      input.value = text ?? "";
      input.readOnly = chosen !== null;
    }
    performer.input.value = chosen?.performer ?? "";
    volume.clear();
    same = sameId.input.value = "";
    orderSide.buttons.forEach((button) => setAttr(button, "aria-disabled", chosen?.side ? "true" : null));
  };

  /** Until which day the breast of a row is locked; empty: it is not. @param {Scheduled} one */
  const lockedOf = (one) => {
    const found = locked(app.live.snap?.locks ?? []).filter((lock) => lock.patient_id === one.patient_id && (!one.side || lock.side === one.side));
    return found.length ? dayOf(Math.max(...found.map((lock) => lock.locked_until_day))) : "";
  };

  /** @param {any} message */
  const hear = (message) => {
    if (message.k !== "worklist") return;
    const old = known;
    known = message;
    if (message.source && !old?.source && !row) listed = true;
    setText(list, !message.source ? t("worklist.none") : t("worklist.from", { source: message.source, age: message.age_s === null ? "\u2013" : String(Math.floor(message.age_s / 60)) }) + (message.words ? ` ${message.words}` : ""));
    body.replaceChildren(...message.rows.map((/** @type {Scheduled} */ one) => h("tr", {},
      ...[one.at.slice(11), `${one.patient_name} ${one.patient_id}`, one.birth_date, one.side || "\u2013", one.procedure].map((text) => h("td", { "data-said": true }, text)),
      lockedOf(one) ? h("td.locked", {}, t("worklist.locked", { date: lockedOf(one) })) : h("td", { "data-said": true }, one.status),
      h("td", {}, key(t("worklist.choose"), () => fill(one), "small")))));
  };
  /** @type {{source: string} | null} */ let known = null;
  app.hearers.push(hear);
  find();

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
    performer: performer.input.value.trim(), assistant: assistant.input.value.trim(), same_patient_as: same, from_worklist: row !== null,
  });
  return {
    root, pad: "",
    update(s) {
      const both = side !== "" && ordered !== "";
      setAttr(verdict, "data-state", both ? (side === ordered ? "ok" : "no") : "wait");
      setText(verdict, both ? t(side === ordered ? "side.same" : "side.differs") : t("side.compare"));
      const check = s.daily_check;
      setText(day, check.rule === "waived" ? t("daily.waived") : check.valid ? t("daily.valid", { hours: Math.floor(check.left_s / 3600) }) : t("daily.missing"));
      const now = locked(s.locks);
      setText(locks, now.length ? t("worklist.locks", { who: now.map((lock) => `${lock.patient_id} ${t(`side.short.${lock.side}`)} ${dayOf(lock.locked_until_day)}`).join(", ") }) : "");
      show(scheduled, listed);
      show(whole, !listed);
      setAttr(day, "data-state", check.valid ? "ok" : "no");
      show(another, app.wasRefused("same-patient-answered") || same !== "");
    },
    leave: () => { app.hearers.splice(app.hearers.indexOf(hear), 1); },
    next: () => listed ? { label: t("worklist.pick"), missing: [t("need.row")], act: () => undefined } : ({
      label: gaps().length ? t("do.open") : t("do.open.read", {
        name: patient.input.value.trim(), born: born.input.value.trim(), side: t(`side.${side}`), volume: orderedMl(volume.value ?? 0) }),
      missing: gaps(), act: send,
    }),
    acts: () => [...(!known?.source ? [] : listed ? [{ label: t("worklist.byhand"), missing: [], act: () => fill(null) }] : [{ label: t("worklist.back"), missing: [], act: () => { listed = true; } }]), { label: t("daily.open"), missing: [], act: () => app.open("daily") },
      { label: t("history"), missing: [], act: () => app.open("history") }],
  };
}
