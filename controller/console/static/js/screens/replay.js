/* A closed procedure, step by step, from the record: phases, alarms, decisions, curves. Nothing
   here is live, and it says so in every place where a live number would stand. */

import { h, reveal, setAttr, setText, show, svg } from "../dom.js";
import { chips } from "../parts.js";
import { RecordPlot } from "../record_plot.js";
import { t } from "../text.js";
import { kpa, measuredMl, measuredRate, newton } from "../units.js";

const PLAY_MS = 100;
/** What the keys and the list step through. */
const SORTS = /** @type {Record<string, string[] | null>} */ ({
  all: null, phases: ["phase", "restart"], alarms: ["alarm"], decisions: ["refused", "gate", "hold", "volume", "exposure", "test"],
});
/** A value older than this at the cursor is not known there. */
const KNOWN_MS = 2000;

/** @param {[number, number | null][]} curve @param {number} at @returns {number | null} */
export function valueAt(curve, at) {
  let low = 0, high = curve.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (curve[middle][0] <= at) low = middle + 1;
    else high = middle;
  }
  const point = curve[low - 1];
  return point && at - point[0] <= KNOWN_MS ? point[1] : null;
}

/** Whole ms as 12:05.3. @param {number} ms */
const moment = (ms) => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, "0")}.${Math.floor(ms / 100) % 10}`;

/** @param {import("../app.js").App} app @returns {View} */
export function replay(app) {
  const who = h("span.who", { "data-said": true }), wait = h("p.empty", { role: "status" }, t("replay.loading"));
  const time = h("strong.time", { "data-said": true });
  const body = h("div.whole", { hidden: true });
  const root = h("div.page.replay", {}, h("div.head", {}, h("h1.notlive", {}, t("replay.notlive")), who, time), wait, body);
  let left = false, timer = 0;
  /** @type {ReturnType<typeof stage> | null} */ let made = null;

  /** @param {any} message */
  const hear = async (message) => {
    if (message.k !== "history.address" || message.form !== "replay" || message.case !== app.chosenCase) {
      if (message.k === "history.address" && message.error) setText(wait, message.error);
      return;
    }
    const answer = await fetch(message.address);
    if (left) return;
    if (!answer.ok) {
      setText(wait, t("replay.none"));
      return;
    }
    const record = /** @type {Played} */ (await answer.json());
    if (left) return;
    setText(who, `${record.of.patient_name} ${record.of.patient_id} · ${t(`side.short.${record.of.side}`)} · ${new Date(record.begin_utc_ms).toISOString().slice(0, 16).replace("T", " ")} UTC`);
    made = stage(record, (ms) => setText(time, `${moment(ms)} / ${moment(record.span_ms)}`));
    body.append(...made.nodes);
    show(wait, false);
    show(body, true);
    made.go(0);
  };
  app.hearers.push(hear);
  app.link.send({ k: "history.open", case: app.chosenCase, form: "replay" });
  let speed = 0;
  const play = (/** @type {number} */ by) => {
    speed = by;
    window.clearInterval(timer);
    if (speed) timer = window.setInterval(() => { if (made && !made.step(speed * PLAY_MS)) play(0); }, PLAY_MS);
  };
  return {
    root, pad: "", update: () => made?.fit(),
    next: () => ({ label: t("back"), missing: [], act: () => app.open("history") }),
    acts: () => made ? [
      { label: t("replay.before"), missing: [], act: () => made?.jump(-1) }, { label: t("replay.after"), missing: [], act: () => made?.jump(1) },
      { label: t(speed === 0 ? "replay.play" : speed === 1 ? "replay.fast" : "replay.pause"), missing: [], act: () => play(speed === 0 ? 1 : speed === 1 ? 10 : 0) }] : [],
    leave: () => {
      left = true;
      window.clearInterval(timer);
      app.hearers.splice(app.hearers.indexOf(hear), 1);
      made?.destroy();
    },
  };
}

/** @param {Played} record @param {(ms: number) => void} moved */
function stage(record, moved) {
  const plot = new RecordPlot(record);
  const facts = h("dl.facts"), on = h("ul.on");
  let at = 0, sort = "all", now = -1;
  const rows = record.events.map((event) => h("li.event", { "data-kind": event.kind },
    h("span.at", {}, moment(event.t_ms)), h("span.what", { "data-said": true }, event.what), h("span.words", { "data-said": true }, event.words, event.by ? ` (${event.by})` : "")));
  const list = h("div.events", { tabindex: "0", role: "region", "aria-label": t("replay.events") }, h("ol", {}, ...rows));
  const sorts = chips(t("replay.sort"), Object.keys(SORTS).map((value) => ({ value, label: t(`replay.sort.${value}`) })), (value) => {
    sort = value;
    rows.forEach((row, i) => show(row, fits(i)));
    mark(true);
  }, "sorts");
  sorts.set(sort);
  const slider = /** @type {HTMLInputElement} */ (h("input.slider", { type: "range", min: 0, max: record.span_ms, step: 100, value: 0, "aria-label": t("replay.slider") }));
  slider.addEventListener("input", () => go(Number(slider.value)));
  const bands = svg("svg", { class: "bands", viewBox: `0 0 ${record.span_ms} 10`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...record.phases.map(([from, to, name], i) => svg("rect", { x: from, y: 0, width: Math.max(0, to - from), height: 10, class: i % 2 ? "odd" : "even", "data-phase": name })),
    ...record.alarms.map(([from, to, , priority]) => svg("rect", { x: from, y: 7, width: Math.max(record.span_ms / 600, to - from), height: 3, class: "alarm", "data-priority": priority })));

  /** @param {number} i */
  const fits = (i) => {
    const kinds = SORTS[sort];
    return kinds === null || kinds.includes(record.events[i].kind);
  };
  /** @param {boolean} scroll */
  const mark = (scroll) => {
    let newest = -1;
    record.events.forEach((event, i) => { if (event.t_ms <= at && fits(i)) newest = i; });
    if (newest === now && !scroll) return;
    if (rows[now]) setAttr(rows[now], "aria-current", null);
    now = newest;
    if (rows[now]) {
      setAttr(rows[now], "aria-current", "step");
      reveal(list, rows[now]);
    } else list.scrollTop = 0;
  };
  /** @param {number} to */
  const go = (to) => {
    at = Math.max(0, Math.min(record.span_ms, Math.round(to)));
    slider.value = String(at);
    setAttr(slider, "aria-valuetext", moment(at));
    moved(at);
    plot.show(at);
    mark(false);
    facts.replaceChildren(...factsAt(record, at).flatMap(([name, value]) => [h("dt", {}, name), h("dd", { "data-said": true }, value)]));
    on.replaceChildren(...record.alarms.filter(([from, to_]) => from <= at && at < to_).map(([, , , priority, words]) =>
      h("li", { "data-priority": priority }, h("span.sign", {}, t(`alarm.sign.${priority}`)), h("span", { "data-said": true }, words))));
  };
  return {
    nodes: [h("section.card.then", { "aria-label": t("replay.then") }, facts, on), plot.root,
      h("section.card.log", {}, sorts.root, list, record.events_left_out ? h("p.note", {}, t("replay.left", { count: record.events_left_out })) : ""),
      h("div.line", {}, bands, slider)],
    go, fit: () => plot.fit(), destroy: () => plot.destroy(),
    /** @param {number} ms @returns {boolean} whether there is more */
    step(ms) {
      go(at + ms);
      return at < record.span_ms;
    },
    /** @param {1 | -1} way to the next or the last event of the sort */
    jump(way) {
      const found = record.events.map((event, i) => ({ event, i })).filter(({ event, i }) => fits(i) && (way > 0 ? event.t_ms > at : event.t_ms < at));
      const next = way > 0 ? found[0] : found[found.length - 1];
      if (next) go(next.event.t_ms);
    },
  };
}

/** What the record says of this instant. @param {Played} record @param {number} at
 *  @returns {[string, string][]} */
function factsAt(record, at) {
  const phase = record.phases.find(([from, to]) => from <= at && at < to) ?? record.phases[record.phases.length - 1];
  const ducts = new Map(record.volumes.filter(([when]) => when <= at).map((row) => [row[1], row]));
  let low = 0, high = 0;
  for (const [, , least, most] of ducts.values()) {
    low += least;
    high += most;
  }
  const c = record.curves, upper = valueAt(c.upper_pa, at), flow = valueAt(c.flow_nl_min, at), force = valueAt(c.force_mn, at);
  return [
    [t("replay.phase"), phase ? t(`phase.${phase[2]}`) : "\u2013"],
    [t("given"), `${measuredMl(low, "down")}\u2013${measuredMl(high, "up")}\u00a0mL`],
    [t("flow"), flow === null ? "\u2013" : `${measuredRate(flow)}\u00a0mL/min`],
    [t("line"), `${kpa(valueAt(c.line_pa, at))}\u00a0kPa`],
    [t("net"), upper === null ? "\u2013" : `\u2264\u202f${kpa(upper, "up")}\u00a0kPa`],
    [t("force"), force === null ? "\u2013" : `${newton(force)}\u00a0N`],
    [t("replay.clock"), `${new Date(record.begin_utc_ms + at).toISOString().slice(11, 19)} UTC`],
  ];
}

