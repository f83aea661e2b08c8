/* The foot of every screen: what blocks the next step, what else may be done, the one way on,
   the hold pad where there is one, and STOP, always in the same corner, always alive. */

import { h, setAttr, setLines, setText, show } from "./dom.js";
import { HoldPad } from "./hold_pad.js";
import { enable, guardedKey, key } from "./parts.js";
import { t } from "./text.js";

/** After a change of screen nothing but STOP answers for this long. */
export const DEAD_MS = 400;

export class Foot {
  /** @param {import("./app.js").App} app @param {HTMLElement} root */
  constructor(app, root) {
    this.app = app;
    this.deadUntil = 0;
    /** When a key came to its place. @type {WeakMap<Element, number>} */
    this.madeAt = new WeakMap();
    this.blocks = h("ul.blocks", { "aria-label": t("blocks") });
    this.refusal = h("ul.refusal");
    this.ready = h("p.ready");
    this.acts = h("div.acts");
    /** @type {Action[]} */ this.actList = [];
    this.nextKey = key("", () => this.nextAct(), "next");
    this.nextGuarded = guardedKey("", () => this.nextAct(), "next");
    /** @type {Action | null} */ this.nextAction = null;
    this.pad = new HoldPad(app);
    this.stopWord = h("span.word", {}, t("stop"));
    this.stop = h("button#stop", { type: "button" }, h("span.square", { "aria-hidden": "true" }, "\u25a0"), this.stopWord);
    this.stop.addEventListener("pointerdown", () => this.press());
    this.stop.addEventListener("click", (event) => {
      if (/** @type {MouseEvent} */ (event).detail === 0) this.press(); // keyboard: no pointer came first
    });
    this.more = h("div#more", { role: "group", "aria-label": t("more"), hidden: true });
    /** @type {Action[]} */ this.rareList = [];
    root.append(h("div.say", {}, h("div.lists", { tabindex: 0, role: "group", "aria-label": t("blocks") }, h("div", { role: "status" }, this.refusal), this.ready, this.blocks), this.acts),
      h("div.go", {}, this.nextKey, this.nextGuarded), this.pad.root, this.stop, this.more);
    for (const name of ["click", "pointerdown"]) {
      document.addEventListener(name, (event) => this.guard(event), { capture: true });
    }
  }

  /** A finger that is coming down while the screen changes presses nothing: but STOP always, and
   *  PAIN and RELEASE NOW where they stood before. @param {Event} event */
  guard(event) {
    const target = /** @type {HTMLElement} */ (event.target), now = performance.now();
    if (now >= this.deadUntil || target.closest("#stop")) return;
    const safe = target.closest("#foot .pain, #foot .release");
    if (safe && now - (this.madeAt.get(safe) ?? now) >= DEAD_MS) return;
    event.stopPropagation();
    event.preventDefault();
  }

  /** The meaning of keys changes now. */
  dead() {
    this.deadUntil = performance.now() + DEAD_MS;
    setAttr(document.body, "data-dead", true);
    setTimeout(() => setAttr(document.body, "data-dead", performance.now() < this.deadUntil), DEAD_MS + 1);
  }

  /** STOP. */
  press() {
    this.app.link.stop();
    this.pad.end("escape");
    setAttr(this.stop, "data-pressed", true);
    setTimeout(() => setAttr(this.stop, "data-pressed", false), 300);
  }

  nextAct() {
    const next = this.nextAction;
    if (next && next.missing.length === 0 && performance.now() >= this.deadUntil) next.act();
  }

  /** @param {Snapshot} s @param {View} view */
  update(s, view) {
    setAttr(document.body, "data-pad", view.pad || null);
    show(this.pad.root, view.pad !== "");
    setAttr(this.pad.root, "data-away", view.away?.(s) === true);
    this.pad.update(s, view.pad);
    const watching = this.app.who.by !== "" && !this.app.control && this.app.contact;
    this.next(view.next(s), watching);
    const acts = view.acts ? view.acts(s) : [];
    const rare = acts.filter((action) => action.rare);
    this.actions(rare.length ? [{ label: t("more"), missing: [], act: () => show(this.more, this.more.hidden) }, ...acts.filter((action) => !action.rare)] : acts);
    this.rares(rare);
  }

  /** @param {Action | null} next @param {boolean} watching */
  next(next, watching) {
    const label = next ? next.label : "";
    const before = this.nextAction ? this.nextAction.label : "";
    if (label !== before) this.dead();
    this.nextAction = next;
    const [shown, other] = next?.guard ? [this.nextGuarded, this.nextKey] : [this.nextKey, this.nextGuarded];
    show(other, false);
    show(shown, next !== null);
    setText(shown, label);
    enable(shown, next !== null && next.missing.length === 0);
    const missing = next ? next.missing : [];
    setLines(this.blocks, watching ? [t("watching"), ...missing] : missing);
    setLines(this.refusal, this.app.refusal);
    setText(this.ready, next && missing.length === 0 && !watching ? t("ready") : "");
  }

  /** Acts behind the key *more*. @param {Action[]} list */
  rares(list) {
    this.rareList = list;
    this.fill(this.more, list, (i) => {
      show(this.more, false);
      this.rareList[i]?.act();
    });
    if (list.length === 0) show(this.more, false);
  }

  /** @param {Action[]} list */
  actions(list) {
    this.actList = list;
    this.fill(this.acts, list, (i) => this.actList[i]?.act());
  }

  /** @param {HTMLElement} box @param {Action[]} list @param {(i: number) => void} press */
  fill(box, list, press) {
    const id = list.map((action) => action.label).join("\n");
    if (box.dataset.key !== id) {
      box.dataset.key = id;
      box.replaceChildren(...list.map((action, i) => {
        const act = () => press(i);
        const made = action.guard ? guardedKey(action.label, act) : key(action.label, act);
        if (action.label === t("pain")) made.classList.add("pain");
        if (action.label === t("release.now")) made.classList.add("release");
        this.madeAt.set(made, performance.now());
        if (box === this.more) made.append(h("span.why", { "data-said": true }));
        return made;
      }));
    }
    list.forEach((action, i) => {
      const made = /** @type {HTMLElement} */ (box.children[i]), why = made.querySelector(".why");
      enable(made, action.missing.length === 0);
      if (why) setText(why, action.missing[0] ?? "");
    });
  }
}
