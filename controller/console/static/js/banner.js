/* Alarms as the controller says them, always in the same place, never covered. The page adds
   only two conditions of its own: no contact, display late. */

import { h, setAttr, setText, show, svg } from "./dom.js";
import { key } from "./parts.js";
import { t } from "./text.js";
import { clock, kpa, measuredMl } from "./units.js";

/** @typedef {{name: string, priority: string, since_ms: number, present: boolean,
 *   acknowledged: boolean, acknowledged_by: string, words: string, action: string,
 *   value: number | null, limit: number, unit: string}} Shown */

const RANK = /** @type {Record<string, number>} */ ({ high: 0, medium: 1, low: 2 });

/** @param {Shown[]} alarms @returns {Shown[]} highest first, newest first among equals */
export function ranked(alarms) {
  return [...alarms].sort((a, b) => RANK[a.priority] - RANK[b.priority] || b.since_ms - a.since_ms);
}

/** Which one is shown: a late display hides no alarm that is more urgent than it.
 *  @param {Shown | null} own @param {Shown[]} list highest first @returns {Shown | null} */
export function topOf(own, list) {
  if (own && (list.length === 0 || RANK[own.priority] <= RANK[list[0].priority])) return own;
  return list[0] ?? null;
}

/** What was measured beside its limit: 6.2 kPa, limit 6.0. @param {Shown} alarm */
export function measured({ value, limit, unit }) {
  if (value === null) return "";
  const say = /** @type {Record<string, (v: number, way: "up" | "near") => string>} */ ({ pa: (v, way) => kpa(v, way), nl: (v, way) => measuredMl(v, way), ns: (v) => clock(v / 1e9) })[unit];
  return say ? t(`alarm.value.${unit}`, { value: say(value, "up"), limit: say(limit, "near") }) : "";
}

export class Banner {
  /** @param {import("./app.js").App} app @param {HTMLElement} root @param {HTMLElement} strip */
  constructor(app, root, strip) {
    this.app = app;
    this.root = root;
    this.strip = strip;
    this.sign = h("span.sign");
    this.words = h("p.words");
    this.action = h("p.action");
    this.value = h("p.value");
    this.loud = h("div.said", { role: "alert", "data-said": true });
    this.soft = h("div.said", { role: "status", "data-said": true });
    this.ack = key(t("alarm.ack"), () => this.acknowledge(), "quiet");
    this.quietWord = h("span");
    this.quiet = key("", () => this.pause(), "quiet sound");
    this.quiet.append(bell(), this.quietWord);
    this.more = key("", () => this.app.open("alarms"), "quiet");
    setAttr(root, "aria-label", t("alarm.region"));
    this.line = h("div.line", {}, this.sign, h("div.text", {}, this.words, this.action), this.value);
    root.append(this.line, this.quiet, this.ack, this.more, this.loud, this.soft);
    /** @type {Shown | null} */
    this.top = null;
    /** @type {Shown | null} */
    this.toAcknowledge = null;
  }

  /** F5 and the key: the highest that is not acknowledged yet. */
  acknowledge() {
    if (this.toAcknowledge) void this.app.ask("acknowledge", { alarm: this.toAcknowledge.name });
  }

  /** F4 and the key: two minutes without the sounder, or sound again. The room decides. */
  pause() {
    const sound = this.app.live.snap?.sound;
    if (!sound) return;
    if (sound.paused_ms > 0) void this.app.ask("audio-pause", { on: false });
    else if (sound.signal !== "off") void this.app.ask("audio-pause");
  }

  /** @param {Snapshot | null} s */
  sounds(s) {
    const paused = s !== null && s.sound.paused_ms > 0;
    show(this.quiet, s !== null && (paused || (s.sound.signal !== "off" && !s.sound.never)));
    setAttr(this.quiet, "data-paused", paused);
    setAttr(this.quiet, "aria-label", t(paused ? "sound.resume" : "sound.pause"));
    setText(this.quietWord, paused ? t("sound.paused", { time: clock(s.sound.paused_ms / 1000) }) : t("sound.pause"));
  }

  /** @param {Snapshot | null} s @param {number} now */
  update(s, now) {
    this.sounds(s);
    const own = this.own(now);
    const list = ranked(/** @type {Shown[]} */ (s ? s.alarms : []));
    this.toAcknowledge = list.find((alarm) => !alarm.acknowledged) ?? null;
    const top = topOf(own, list);
    const priority = top ? top.priority : "none";
    const flashing = top !== null && !top.acknowledged && priority !== "low";
    setAttr(this.root, "data-priority", priority);
    setAttr(this.root, "data-flash", flashing);
    setAttr(this.strip, "data-priority", priority);
    setText(this.strip, t(`alarm.sign.${priority}`));
    setText(this.sign, t(`alarm.sign.${priority}`));
    setAttr(this.words, "data-said", top !== null && top !== own);
    setAttr(this.action, "data-said", top !== null && top !== own);
    setText(this.words, top ? top.words : t("alarm.none"));
    setText(this.action, top ? top.action : "");
    setText(this.value, top ? measured(top) : "");
    if (top && !top.present) setAttr(this.root, "data-gone", true);
    else setAttr(this.root, "data-gone", false);
    show(this.ack, this.toAcknowledge !== null);
    const rest = list.length + (own ? 1 : 0) - 1;
    show(this.more, rest > 0 || list.length > 0);
    setText(this.more, t("alarm.more", { count: Math.max(0, rest) }));
    const key_ = top ? `${top.name} ${top.since_ms}` : "";
    if (key_ !== this.root.dataset.top) {
      this.root.dataset.top = key_;
      setText(this.loud, priority === "high" && top ? `${top.words}. ${top.action}` : "");
      setText(this.soft, priority !== "high" && top ? `${top.words}. ${top.action}` : "");
    }
  }

  /** Conditions that only the page can see. @param {number} now @returns {Shown | null} */
  own(now) {
    const { contact, live } = this.app;
    const make = (/** @type {string} */ name, /** @type {string} */ priority) => ({
      name, priority, since_ms: 0, present: true, acknowledged: false, acknowledged_by: "", value: null, limit: 0, unit: "",
      words: t(`own.${name}`), action: t(`own.${name}.action`),
    });
    if (!contact || live.age(now) > 1000) return make("no-contact", "high");
    if (live.age(now) > 400 || now - live.drawnAt > 400) return make("late", "medium");
    return null;
  }
}

/** The bell; while the sound is paused a dashed cross lies over it (IEC 60601-1-8's sign, as the
 *  secondary sources draw it). */
function bell() {
  return svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", class: "bell" },
    svg("path", { d: "M12 2.5a6 6 0 0 0-6 6v5.5L3.5 18h17L18 14V8.5a6 6 0 0 0-6-6zM9.5 19.5a2.5 2.5 0 0 0 5 0z", class: "body" }),
    svg("path", { d: "M2 2l20 20M22 2L2 22", class: "cross" }));
}

/** Wall clock of so many ms ago. @param {number} ago */
function wall(ago) {
  const at = new Date(Date.now() - ago);
  return `${String(at.getHours()).padStart(2, "0")}:${String(at.getMinutes()).padStart(2, "0")}:${String(at.getSeconds()).padStart(2, "0")}`;
}

/** Every alarm that is on. @param {import("./app.js").App} app @returns {View} */
export function alarmList(app) {
  const rows = h("ul.alarms");
  const none = h("p.empty", {}, t("alarm.none"));
  /** @type {HTMLElement[]} */ let times = [];
  return {
    root: h("div.page", {}, h("h1", {}, t("alarm.list")), none, rows),
    pad: "",
    update(s) {
      const list = ranked(/** @type {Shown[]} */ (s.alarms));
      show(none, list.length === 0);
      const key_ = list.map((a) => `${a.name}${a.since_ms}${a.present}${a.acknowledged}`).join();
      if (rows.dataset.key !== key_) { // a key under a finger stays where it is
        rows.dataset.key = key_;
        times = list.map(() => h("p.when"));
        rows.replaceChildren(...list.map((alarm, i) => h("li", { "data-priority": alarm.priority },
          h("span.sign", {}, t(`alarm.sign.${alarm.priority}`)),
          h("div.text", {}, h("p.words", { "data-said": true }, alarm.words), h("p.action", { "data-said": true }, alarm.action), times[i]),
          h("span.state", {}, t(alarm.present ? "alarm.present" : "alarm.gone"), " ",
            alarm.acknowledged ? t("alarm.by", { by: alarm.acknowledged_by }) : t("alarm.new")),
          alarm.acknowledged ? null : key(t("alarm.ack"), () => void app.ask("acknowledge", { alarm: alarm.name }), "quiet"))));
      }
      list.forEach((alarm, i) => {
        const ago = s.t_ms - alarm.since_ms, value = measured(alarm);
        setText(times[i], t("alarm.time", { time: wall(ago), span: clock(ago / 1000) }) + (value ? ` \u00b7 ${value}` : ""));
      });
    },
    next: () => ({ label: t("back"), missing: [], act: () => app.open("") }),
  };
}
