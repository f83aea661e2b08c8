/* Starts the page, chooses the screen of the phase, draws at most once a frame, and says what
   was drawn. */

import { App } from "./app.js";
import { Banner, alarmList } from "./banner.js";
import { h, setAttr, setText, show } from "./dom.js";
import { Foot } from "./foot.js";
import { listen } from "./keys.js";
import { STALE_MS } from "./live.js";
import { mayOpen } from "./places.js";
import { stepRail } from "./rail.js";
import { cannula } from "./screens/cannula.js";
import { checklist } from "./screens/checklist.js";
import { compress } from "./screens/compress.js";
import { daily } from "./screens/daily.js";
import { duct } from "./screens/duct.js";
import { expose } from "./screens/expose.js";
import { history } from "./screens/history.js";
import { inject } from "./screens/inject.js";
import { menu, page } from "./screens/menu.js";
import { people } from "./screens/people.js";
import { prime } from "./screens/prime.js";
import { replay } from "./screens/replay.js";
import { review } from "./screens/review.js";
import { service } from "./screens/service.js";
import { setup } from "./screens/setup.js";
import { stopped } from "./screens/stopped.js";
import { summary } from "./screens/summary.js";
import { touch } from "./screens/touch.js";
import { worklist } from "./screens/worklist.js";
import { simPanel } from "./sim_panel.js";
import { t } from "./text.js";
import { topBar } from "./top_bar.js";
import { measuredMl } from "./units.js";

const VIEW_MS = 100;
const WATCH_MS = 100;
/** Five minutes without a hand: the page asks again who is there (not while a cannula is in). */
const IDLE_MS = 300_000;

const MAKE = /** @type {Record<string, (app: App) => View>} */ ({
  worklist, checklist, setup, prime, duct, cannula, inject, compress, expose, review, summary, stopped,
  menu, daily, history, replay, touch, alarms: alarmList, service, qa: (app) => page(app, "qa"), help: (app) => page(app, "help"),
});
const SCREEN = /** @type {Record<string, string>} */ ({
  standby: "worklist", checklist: "checklist", "set-up": "setup", "prime-and-zero": "prime", "locate-duct": "duct",
  cannulate: "cannula", arm: "inject", "arm-confirm": "inject", armed: "inject", injecting: "inject", holding: "inject",
  settle: "inject", compression: "compress", exposure: "expose", "exposure-armed": "expose", review: "review",
  decannulate: "summary", aftercare: "summary", closed: "summary", stopped: "stopped",
  "suspected-extravasation": "stopped", "medical-emergency": "stopped", recovery: "stopped",
});

/** Refused beats speak for themselves: the hold has ended, and why is in the snapshot. A *do*
 *  without a number is STOP: what is refused is to stop a procedure that is stopped already. */
const QUIET = new Set(["view", "hold-beat", "hold-end", "do"]);

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const app = new App();
const work = byId("work");
const top_ = topBar(app, byId("top"));
const rail = stepRail(app, byId("rail"), byId("room"));
const foot = new Foot(app, byId("foot"));
const banner = new Banner(app, byId("banner"), byId("strip"));
const cover = h("div#cover", { hidden: true }, h("h2"), h("p"), h("p.at-least"));
byId("frame").append(cover);

/** @type {View | null} */
let view = null;
let shown = "", aside = "", touchedAt = performance.now(), newest = -1, panel = false;
/** @type {{role: string, locked: boolean, then: () => void, cancel: (() => void) | null} | null} */
let wish = null;

app.open = (/** @type {string} */ name) => { aside = name; };
app.callPerson = (/** @type {string} */ role, /** @type {() => void} */ then) => {
  const before = { ...app.who };
  wish = {
    role, locked: false, cancel: () => { wish = null; },
    then: () => {
      wish = null;
      then();
      if (app.who.login === "name" && before.by) { // the technologist has the room again
        app.who = before;
        app.link.send({ k: "person", by: before.by, role: before.role });
      }
    },
  };
};

/** @param {Snapshot} s */
function screenName(s) {
  if (wish !== null) return `people/${wish.role}`;
  if (!app.who.by || app.who.locked) return `people/${app.who.locked ? "locked" : ""}`;
  const armed = s.hold.phase !== "closed" && s.daily_check.row === 0;
  if (armed) {
    aside = "";
    setAttr(document.body, "data-clean", false); // nobody injects behind a cover
  }
  if (aside === "who") return "people/again";
  if (s.phase === "standby" && s.daily_check.row > 0) return "daily";
  return aside && mayOpen(aside, app.who.role, s) ? aside : SCREEN[s.phase];
}

/** @param {string} name @returns {View} */
function make(name) {
  if (!name.startsWith("people/")) return MAKE[name](app);
  if (wish) return people(app, wish);
  return people(app, { role: "", locked: app.who.locked, then: claim, cancel: name.endsWith("again") ? () => { aside = ""; } : null });
}

/** Somebody is in front of the page: be the room's console, if it has none. */
function claim() {
  aside = "";
  app.link.send({ k: "control", on: true, take: false });
}

/** Whether people log in here, and whether the session of this page was locked meanwhile.
 *  @param {Snapshot} s */
function session(s) {
  app.who.login = s.people.login_required ? "pin" : "name";
  const mine = s.people.sessions.find((one) => one.connection === app.connection);
  if (mine) app.who.locked = mine.locked;
}

/** @param {Snapshot} s */
function draw(s) {
  session(s);
  const name = screenName(s);
  if (name !== shown) {
    view?.leave?.();
    view = make(name);
    shown = name;
    work.replaceChildren(view.root);
    work.scrollTop = 0; // whatever scrolled inside the screen before it
    setAttr(work, "data-screen", name.split("/")[0]);
    foot.dead();
    if (document.activeElement === document.body) work.focus();
  }
  if (view === null) return;
  view.update(s);
  top_.update(s);
  rail.update(s);
  foot.update(s, view);
}

/** Draw; a screen that fails is not said to have been drawn, so nothing can be held before it.
 *  @param {Snapshot} s @returns {boolean} */
function whole(s) {
  try {
    draw(s);
    return true;
  } catch (problem) {
    console.error(problem);
    app.refuse([t("own.broken")]);
    return false;
  }
}

function drawn() {
  const s = app.live.snap;
  const now = performance.now();
  if (s !== null && app.facts !== null) {
    const fresh = s.n !== newest;
    banner.update(s, now);
    newest = s.n;
    if (fresh && whole(s)) app.live.drawn();
  }
  requestAnimationFrame(drawn);
}

/** Beside the drawing: what is stale looks stale even when no frame is drawn. */
function watch() {
  const now = performance.now(), age = app.live.age(now);
  const s = app.live.snap;
  setAttr(document.body, "data-stale", age > STALE_MS);
  setAttr(document.body, "data-age", age > STALE_MS && age < 1e6 ? t("stale", { s: (age / 1000).toFixed(1) }) : null);
  if (age > STALE_MS) banner.update(s, now);
  const lost = !app.contact || age > 1000;
  show(cover, lost);
  if (lost) {
    setText(cover.children[0], t("own.no-contact"));
    setText(cover.children[1], t("own.no-contact.action"));
    setText(cover.children[2], s?.case ? t("own.at-least", { low: measuredMl(s.volume.low_nl, "down"), high: measuredMl(Math.max(s.volume.intent_nl, s.volume.high_nl), "up"), s: (Math.min(age, 999_000) / 1000).toFixed(0) }) : "");
  }
  setText(foot.stopWord, t(app.contact ? "stop" : "stop.hardware"));
  const inside = s !== null && (s.duct?.cannula_in || s.hold.phase !== "closed");
  if (app.who.by && !inside && now - touchedAt > IDLE_MS) {
    app.who.by = ""; // whoever comes says anew who they are; STOP never asked
    app.link.send({ k: "logout" });
  }
}

app.hearers.push((message) => {
  if (message.k === "hello") {
    if (app.hello && app.hello.pages !== message.pages && message.pages && shown !== "" && app.live.snap === null) location.reload();
    document.documentElement.style.setProperty("--mm", `${app.pxPerMm}px`);
    if (message.panel && !panel) {
      panel = true;
      simPanel(app, byId("room"));
    }
    show(rail.roomKey, message.panel === true);
  } else if (message.k === "reply" && message.request === "console") app.control = message.taken;
  else if (message.k === "reply" && !message.taken && !message.number && !QUIET.has(message.request)) app.refuse(message.refusals);
  else if (message.k === "who") {
    if (app.who.login === "pin") {
      app.who = { ...app.who, by: message.by, role: message.role, locked: false };
      if (message.by && aside === "who") aside = "";
      if (message.by && wish) wish.then();
    }
    if (app.who.by && !app.control) claim();
  } else if (message.k === "contact" && !message.on) {
    app.token = "";
    if (app.who.login === "pin") app.who.by = "";
  } else if (message.k === "contact" && message.on && app.who.by && app.who.login === "name") {
    app.link.send({ k: "person", by: app.who.by, role: app.who.role });
    claim();
  } else if (message.k === "error") app.refuse([message.words]);
});

for (const name of ["pointerdown", "keydown"]) {
  document.addEventListener(name, () => { touchedAt = performance.now(); }, { capture: true, passive: true });
}
document.addEventListener("contextmenu", (event) => event.preventDefault());

listen(app, {
  stop: () => foot.press(),
  pain: () => { if (app.live.snap?.case) void app.go("pain"); },
  arm: () => {
    const s = app.live.snap;
    if (s?.phase === "arm") void app.go("arm");
    else if (s && ["arm-confirm", "armed", "injecting", "holding", "exposure-armed"].includes(s.phase)) void app.go("disarm");
  },
  acknowledge: () => banner.acknowledge(),
  quiet: () => banner.pause(),
  next: () => { if (!foot.nextAction?.guard) foot.nextAct(); },
  help: () => app.open(aside === "help" ? "" : "help"),
});

setInterval(() => {
  if (app.control && app.live.drawnT > 0 && !foot.pad.held) app.link.send({ k: "view", ack: app.live.drawnT, up: !foot.pad.held });
}, VIEW_MS);
setInterval(watch, WATCH_MS);
requestAnimationFrame(drawn);
