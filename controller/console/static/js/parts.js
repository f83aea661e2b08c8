/* Parts of screens: keys, chips, steppers, bars. Every key is 20 mm or more; doses and
   temperatures are never typed. */

import { h, setAttr, setStyle, setText, show } from "./dom.js";
import { t } from "./text.js";

/** A press that gives a permission lasts this long. */
const GUARD_MS = 300;

/** @param {string} label @param {() => void} act @param {string} [kind] @returns {HTMLButtonElement} */
export function key(label, act, kind = "") {
  const made = /** @type {HTMLButtonElement} */ (h("button.key", { type: "button" }, label));
  if (kind) made.classList.add(...kind.split(" "));
  made.addEventListener("click", () => {
    if (made.getAttribute("aria-disabled") !== "true") act();
  });
  return made;
}

/** A key that must be pressed for 300 ms. Enter does not press it, a tap does not either.
 *  @param {string} label @param {() => void} act @param {string} [kind] @returns {HTMLButtonElement} */
export function guardedKey(label, act, kind = "") {
  const made = /** @type {HTMLButtonElement} */ (h("button.key.guarded", { type: "button", "data-guard": true }, label));
  if (kind) made.classList.add(...kind.split(" "));
  let timer = 0;
  const able = () => made.getAttribute("aria-disabled") !== "true";
  const begin = () => {
    if (!able() || timer) return;
    setAttr(made, "data-pressing", true);
    timer = window.setTimeout(() => {
      end();
      if (able()) act();
    }, GUARD_MS);
  };
  const end = () => {
    window.clearTimeout(timer);
    timer = 0;
    setAttr(made, "data-pressing", false);
  };
  made.addEventListener("contextmenu", (event) => event.preventDefault());
  made.addEventListener("pointerdown", (event) => event.button === 0 && event.isPrimary && begin());
  for (const name of ["pointerup", "pointercancel", "pointerleave", "blur"]) made.addEventListener(name, end);
  made.addEventListener("keydown", (event) => {
    if (event.code !== "Space") return;
    event.preventDefault();
    if (!event.repeat) begin();
  });
  made.addEventListener("keyup", (event) => event.code === "Space" && end());
  return made;
}

/** @param {HTMLElement} button @param {boolean} on */
export const enable = (button, on) => setAttr(button, "aria-disabled", on ? null : "true");

/** One of several, none chosen at first. @template T
 *  @param {string} name @param {{value: T, label: string, more?: Node | string, said?: boolean}[]} options
 *  @param {(value: T) => void} chosen @param {string} [kind] */
export function chips(name, options, chosen, kind = "") {
  const root = h("div.chips", { role: "group", "aria-label": name });
  if (kind) root.classList.add(kind);
  const buttons = options.map((option) => {
    const said = option.said === true;
    const made = key("", () => {
      set(option.value);
      chosen(option.value);
    }, "chip");
    made.append(h("span.label", { "data-said": said }, option.label));
    if (option.more) made.append(typeof option.more === "string" ? h("span.more", {}, option.more) : option.more);
    setAttr(made, "aria-pressed", "false");
    root.append(made);
    return made;
  });
  /** @param {T | null} value */
  const set = (value) => buttons.forEach((button, i) => setAttr(button, "aria-pressed", String(options[i].value === value)));
  return { root, set, buttons };
}

/** A quantity by steps, with its bar against what is allowed; nothing until it is touched.
 *  @param {{name: string, unit: string, least: number, most: number, step: number, first: number,
 *    say: (value: number) => string, chips?: number[], changed: (value: number) => void}} of */
export function stepper(of) {
  /** @type {number | null} */
  let value = null;
  const number = h("output.value", {}, "\u2013");
  const fill = h("div.fill");
  const bar = h("div.bar", { "aria-hidden": "true" }, fill);
  const range = h("p.range", {}, t("stepper.range", { least: of.say(of.least), most: of.say(of.most), unit: of.unit }));
  /** @param {number} to */
  const set = (to) => {
    if (to < of.least || to > of.most) return; // not clamped: the key does nothing at the end
    value = to;
    setText(number, of.say(to));
    setStyle(fill, "inline-size", `${(100 * (to - of.least)) / (of.most - of.least)}%`);
    presets.forEach(([button, preset]) => setAttr(button, "aria-pressed", String(preset === to)));
    enable(less, to - of.step >= of.least);
    enable(more, to + of.step <= of.most);
    of.changed(to);
  };
  const less = key("\u2212", () => set(value === null ? of.first : value - of.step), "step");
  const more = key("+", () => set(value === null ? of.first : value + of.step), "step");
  setAttr(less, "aria-label", t("stepper.less", { name: of.name, step: of.say(of.step), unit: of.unit }));
  setAttr(more, "aria-label", t("stepper.more", { name: of.name, step: of.say(of.step), unit: of.unit }));
  /** @type {[HTMLElement, number][]} */
  const presets = (of.chips ?? []).map((preset) => {
    const made = key(of.say(preset), () => set(preset), "chip");
    setAttr(made, "aria-pressed", "false");
    return [made, preset];
  });
  const root = h("div.stepper", { role: "group", "aria-label": of.name },
    h("span.name", {}, of.name),
    h("div.row", {}, less, h("span.shown", {}, number, " ", h("span.unit", {}, of.unit)), more),
    bar, range,
    presets.length ? h("div.chips", {}, ...presets.map(([button]) => button)) : null);
  /** Nothing chosen again: another patient, another order. */
  const clear = () => {
    value = null;
    setText(number, "\u2013");
    setStyle(fill, "inline-size", "0%");
    presets.forEach(([button]) => setAttr(button, "aria-pressed", "false"));
    enable(less, true);
    enable(more, true);
  };
  return { root, set, clear, get value() { return value; } };
}

/** A named number with its unit glued on. @param {string} name @param {string} unit @param {string} [kind] */
export function figure(name, unit, kind = "") {
  const value = h("span.number.live", {}, "\u2013");
  const note = h("span.note");
  const root = h("div.figure", {}, h("span.name", {}, name), h("span.shown", {}, value, "\u00a0", h("span.unit", {}, unit)), note);
  if (kind) root.classList.add(...kind.split(" "));
  return {
    root,
    /** @param {string} text @param {string} [said] */
    set(text, said = "") {
      setText(value, text);
      setText(note, said);
    },
  };
}

/** One line of what was checked: mark, name, words. @param {string} name */
export function checkRow(name) {
  const mark = h("span.mark"), words = h("span.words");
  const root = h("li.check", {}, mark, h("span.name", {}, name), words);
  return {
    root,
    /** @param {"ok" | "no" | "wait"} state @param {string} text @param {boolean} [said] */
    set(state, text, said = false) {
      setAttr(root, "data-state", state);
      setText(mark, t(`mark.${state}`));
      setText(words, text);
      setAttr(words, "data-said", said);
    },
  };
}

/** A card that answers a question of a screen. @param {string} title @param {...(Node | string)} children */
export function card(title, ...children) {
  return h("section.card", {}, h("h2", {}, title), ...children);
}

/** Bars for a volume that lies between low and high, with marks.
 *  @param {string} name @param {{at: number, word: string, kind: string}[]} marks @param {number} most */
export function volumeBar(name, marks, most) {
  const low = h("div.low"), high = h("div.high"), words = h("span.words.live");
  const made = marks.map((mark) => {
    const node = h(`div.mark.${mark.kind}`, {}, h("span", {}, mark.word));
    setStyle(node, "inset-inline-start", `${(100 * mark.at) / most}%`);
    return node;
  });
  const root = h("div.volume", {}, h("span.name", {}, name), h("div.track", {}, high, low, ...made), words);
  return {
    root,
    /** @param {number} lowNl @param {number} highNl @param {string} text */
    set(lowNl, highNl, text) {
      setStyle(low, "inline-size", `${Math.min(100, (100 * lowNl) / most)}%`);
      setStyle(high, "inline-size", `${Math.min(100, (100 * highNl) / most)}%`);
      setText(words, text);
    },
    show: (/** @type {boolean} */ on) => show(root, on),
  };
}
