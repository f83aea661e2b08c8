/* Alarms as the controller says them, always in the same place, never covered. The page adds
   only two conditions of its own: no contact, display late. */

import { h, setAttr, setLines, setText, show } from "./dom.js";
import { key } from "./parts.js";
import { t } from "./text.js";

/** @typedef {{name: string, priority: string, since_ms: number, present: boolean,
 *   acknowledged: boolean, words: string, action: string}} Shown */

const RANK = /** @type {Record<string, number>} */ ({ high: 0, medium: 1, low: 2 });

/** @param {Shown[]} alarms @returns {Shown[]} highest first, newest first among equals */
export function ranked(alarms) {
  return [...alarms].sort((a, b) => RANK[a.priority] - RANK[b.priority] || b.since_ms - a.since_ms);
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
    this.loud = h("div.said", { role: "alert", "data-said": true });
    this.soft = h("div.said", { role: "status", "data-said": true });
    this.ack = key(t("alarm.ack"), () => this.acknowledge(), "quiet");
    this.more = key("", () => this.app.open("alarms"), "quiet");
    setAttr(root, "aria-label", t("alarm.region"));
    this.line = h("div.line", {}, this.sign, h("div.text", {}, this.words, this.action));
    root.append(this.line, this.ack, this.more, this.loud, this.soft);
    /** @type {Shown | null} */
    this.top = null;
    /** @type {Shown | null} */
    this.toAcknowledge = null;
  }

  /** F5 and the key: the highest that is not acknowledged yet. */
  acknowledge() {
    if (this.toAcknowledge) void this.app.ask("acknowledge", { alarm: this.toAcknowledge.name });
  }

  /** @param {Snapshot | null} s @param {number} now */
  update(s, now) {
    const own = this.own(now);
    const list = ranked(/** @type {Shown[]} */ (s ? s.alarms : []));
    this.toAcknowledge = list.find((alarm) => !alarm.acknowledged) ?? null;
    const top = own ?? list[0] ?? null;
    const priority = top ? top.priority : "none";
    const flashing = top !== null && !top.acknowledged && priority !== "low";
    setAttr(this.root, "data-priority", priority);
    setAttr(this.root, "data-flash", flashing);
    setAttr(this.strip, "data-priority", priority);
    setText(this.strip, t(`alarm.sign.${priority}`));
    setText(this.sign, t(`alarm.sign.${priority}`));
    setAttr(this.words, "data-said", top !== null && own === null);
    setAttr(this.action, "data-said", top !== null && own === null);
    setText(this.words, top ? top.words : t("alarm.none"));
    setText(this.action, top ? (top.present ? top.action : `${top.action}`) : "");
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
      name, priority, since_ms: 0, present: true, acknowledged: false,
      words: t(`own.${name}`), action: t(`own.${name}.action`),
    });
    if (!contact || live.age(now) > 1000) return make("no-contact", "high");
    if (live.age(now) > 400 || now - live.drawnAt > 400) return make("late", "medium");
    return null;
  }
}

/** Every alarm that is on. @param {import("./app.js").App} app @returns {View} */
export function alarmList(app) {
  const rows = h("ul.alarms");
  const none = h("p.empty", {}, t("alarm.none"));
  return {
    root: h("div.page", {}, h("h1", {}, t("alarm.list")), none, rows),
    pad: "",
    update(s) {
      const list = ranked(/** @type {Shown[]} */ (s.alarms));
      show(none, list.length === 0);
      const key_ = list.map((a) => `${a.name}${a.present}${a.acknowledged}`).join();
      if (rows.dataset.key === key_) return;
      rows.dataset.key = key_;
      rows.replaceChildren(...list.map((alarm) => h("li", { "data-priority": alarm.priority },
        h("span.sign", {}, t(`alarm.sign.${alarm.priority}`)),
        h("div.text", {}, h("p.words", { "data-said": true }, alarm.words), h("p.action", { "data-said": true }, alarm.action)),
        h("span.state", {}, t(alarm.present ? "alarm.present" : "alarm.gone"), " ",
          t(alarm.acknowledged ? "alarm.acknowledged" : "alarm.new")),
        alarm.acknowledged ? null : key(t("alarm.ack"), () => void app.ask("acknowledge", { alarm: alarm.name }), "quiet"))));
    },
    next: () => ({ label: t("back"), missing: [], act: () => app.open("") }),
  };
}

export { setLines };
