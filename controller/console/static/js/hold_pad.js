/* The hand: what begins, beats and ends a hold on the screen (console facts 6.5). The gate is in
   the controller; nothing here permits anything. Beats come from the main thread on purpose: a
   page that is jammed, frozen or hidden falls silent, and the hold ends. */

import { h, setAttr, setText } from "./dom.js";
import { LATE_MS } from "./live.js";
import { t } from "./text.js";

/** Beat periods (console facts 6.3). */
const BEAT_MS = { prime: 50, inject: 50, expose: 25 };
/** A finger may slide this far off the pad. */
const SLIDE_MM = 4;

/** @typedef {import("./app.js").App} App */

export class HoldPad {
  /** @param {App} app */
  constructor(app) {
    this.app = app;
    this.word = h("span.word");
    this.hint = h("span.hint");
    this.root = /** @type {HTMLButtonElement} */ (h("button#pad", { type: "button", "data-hold": true },
      this.word, this.hint));
    this.held = false;
    this.spent = "";
    this.counted = "";
    this.n = 0;
    this.pointer = -1;
    this.timer = 0;
    /** @type {"" | "prime" | "inject" | "expose"} */
    this.action = "";
    this.listen();
  }

  listen() {
    const pad = this.root;
    pad.addEventListener("contextmenu", (event) => event.preventDefault());
    pad.addEventListener("click", (event) => event.preventDefault());
    pad.addEventListener("pointerdown", (event) => {
      if (this.held || event.button !== 0 || !event.isPrimary) return;
      pad.focus();
      if (this.begin()) {
        this.pointer = event.pointerId;
        pad.setPointerCapture(event.pointerId);
      }
    });
    pad.addEventListener("pointermove", (event) => {
      if (event.pointerId === this.pointer && this.outside(event)) this.end("slid-off");
    });
    for (const [name, why] of [["pointerup", "release"], ["pointercancel", "cancelled"],
      ["lostpointercapture", "other"]]) {
      pad.addEventListener(name, (event) => {
        if (/** @type {PointerEvent} */ (event).pointerId === this.pointer) this.end(why);
      });
    }
    pad.addEventListener("keydown", (event) => {
      if (event.code !== "Space") return;
      event.preventDefault();
      if (!event.repeat && !this.held) this.begin();
    });
    pad.addEventListener("keyup", (event) => {
      if (event.code !== "Space") return;
      event.preventDefault();
      if (this.pointer < 0) this.end("release");
    });
    pad.addEventListener("blur", () => this.end("focus-lost"));
    window.addEventListener("blur", () => this.end("focus-lost"));
    window.addEventListener("pagehide", () => this.end("left"));
    document.addEventListener("freeze", () => this.end("left"));
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.end("hidden");
    });
  }

  /** @param {PointerEvent} event */
  outside(event) {
    const box = this.root.getBoundingClientRect();
    const most = SLIDE_MM * this.app.pxPerMm;
    return event.clientX < box.left - most || event.clientX > box.right + most
      || event.clientY < box.top - most || event.clientY > box.bottom + most;
  }

  /** @returns {boolean} */
  get able() {
    const snap = this.app.live.snap;
    return this.action !== "" && snap !== null
      && snap.hold.phase === "ready" && snap.hold.action === this.action
      && this.app.token !== "" && this.app.token !== this.spent && this.app.link.ready
      && this.app.live.age(performance.now()) < LATE_MS;
  }

  begin() {
    if (!this.able || !document.hasFocus() || document.hidden) return false;
    if (this.app.token !== this.counted) {
      this.counted = this.app.token;
      this.n = 0; // counts on through a release and the next press of the same token
    }
    this.held = true;
    this.n += 1;
    this.say("hold.begin");
    const action = /** @type {"prime" | "inject" | "expose"} */ (this.action);
    this.timer = window.setInterval(() => this.beat(), BEAT_MS[action]);
    setAttr(this.root, "data-held", true);
    return true;
  }

  beat() {
    if (!this.app.link.ready) this.end("other");
    else if (this.app.live.age(performance.now()) > LATE_MS) this.end("no-picture");
    else {
      this.n += 1;
      this.say("hold.beat");
    }
  }

  /** @param {string} kind */
  say(kind) {
    this.app.link.send({ k: kind, tok: this.app.token, n: this.n, ack: this.app.live.drawnT });
  }

  /** @param {string} why */
  end(why) {
    if (!this.held) return;
    this.held = false;
    window.clearInterval(this.timer);
    const pointer = this.pointer;
    this.pointer = -1;
    setAttr(this.root, "data-held", false);
    this.n += 1;
    this.app.link.send({ k: "hold.end", tok: this.app.token, n: this.n, why });
    if (why !== "release" && why !== "slid-off") this.spent = this.app.token;
    if (pointer >= 0 && this.root.hasPointerCapture(pointer)) this.root.releasePointerCapture(pointer);
  }

  /** What the pad is for on this screen, and what the controller says of it.
   *  @param {Snapshot} s @param {"" | "prime" | "inject" | "expose"} action */
  update(s, action) {
    if (this.held && (action !== this.action || s.hold.phase === "closed")) {
      this.end(s.hold.phase === "lift" ? "release" : "other");
    }
    this.action = action;
    const phase = action !== "" && (s.hold.action === action || s.hold.phase === "closed") ? s.hold.phase : "closed";
    setAttr(this.root, "data-phase", phase);
    setAttr(this.root, "data-action", action);
    setAttr(this.root, "aria-disabled", this.able || this.held ? "false" : "true");
    const pressed = this.held || s.hold.pressed;
    const what = action || "none";
    if (phase === "open") this.face(t("pad.open"), t(`pad.doing.${what}`));
    else if (phase === "lift") this.face(t("pad.lift"), t("pad.lift.hint"));
    else if (phase === "ready") {
      const hint = pressed && !this.held ? "pad.pressed" : this.app.token !== "" && this.app.token !== this.spent ? "pad.or" : "pad.wired";
      this.face(t(`pad.hold.${what}`), t(hint));
    } else if (pressed) this.face(t("pad.closed"), t("pad.pressed"));
    else this.face(t("pad.closed"), t(`pad.closed.${what}`));
  }

  /** @param {string} word @param {string} hint */
  face(word, hint) {
    setText(this.word, word);
    setText(this.hint, hint);
  }
}
