/* What is not a step of a procedure, and the help of a screen. */

import { h, setAttr, setText, show } from "../dom.js";
import { card, key } from "../parts.js";
import { isFor, mayOpen } from "../places.js";
import { t } from "../text.js";

/** Cleaning locks the touch for so long. */
const CLEAN_S = 20;

/** @param {import("../app.js").App} app @returns {View} */
export function menu(app) {
  const theme = key(t("menu.theme"), () => {
    const root = document.documentElement;
    setAttr(root, "data-theme", root.dataset.theme === "dark" ? "light" : "dark");
  });
  const clean = key(t("menu.clean", { s: CLEAN_S }), () => {
    setAttr(document.body, "data-clean", true);
    setTimeout(() => setAttr(document.body, "data-clean", false), CLEAN_S * 1000);
  });
  /** By role, and not while a procedure is open. */
  const own = Object.fromEntries(["service", "qa"].map((name) => [name, key(t(`menu.${name}`), () => app.open(name))]));
  const closed = h("p.note", { role: "status" });
  const items = [
    key(t("history"), () => app.open("history")), key(t("daily.open"), () => app.open("daily")),
    key(t("alarm.list"), () => app.open("alarms")), key(t("menu.who"), () => app.open("who")), theme, clean, key(t("touch.title"), () => app.open("touch")),
    own.service, own.qa, key(t("menu.help"), () => app.open("help")),
  ];
  return {
    root: h("div.page.menu", {}, h("h1", {}, t("menu")), h("div.tiles", {}, ...items), closed, h("p.note", {}, app.hello ? t("menu.program", { program: app.hello.program }) : "")),
    pad: "",
    update(s) {
      // not over a patient who may need a key of this page: keys and paddle stay in reach
      const free = s.hold.phase === "closed" && !s.duct?.cannula_in && s.devices.mammograph.paddle === "RELEASED";
      setAttr(clean, "aria-disabled", free ? null : "true");
      const { role } = app.who;
      for (const [name, made] of Object.entries(own)) {
        show(made, isFor(name, role));
        setAttr(made, "aria-disabled", mayOpen(name, role, s) ? null : "true");
      }
      setText(closed, ["service", "qa"].some((name) => isFor(name, role) && !mayOpen(name, role, s)) ? t("menu.closed") : "");
    },
    next: () => ({ label: t("back"), missing: [], act: () => app.open("") }),
  };
}

/** @param {import("../app.js").App} app @param {string} name @returns {View} */
export function page(app, name) {
  const lines = [1, 2, 3, 4, 5, 6].map((i) => `${name}.${i}`);
  const keys = h("dl.facts");
  if (name === "help") {
    keys.append(...["esc", "f12", "space", "f2", "f4", "f5", "f8", "f1", "tab"].flatMap((id) => [h("dt", {}, t(`key.${id}`)), h("dd", {}, t(`key.${id}.does`))]));
  }
  return {
    root: h("div.page.words", {}, card(t(`${name}.title`), h("ul", {}, ...lines.map((line) => h("li", {}, t(line))))), name === "help" ? card(t("help.keys"), keys) : h("span")),
    pad: "",
    update: () => undefined,
    next: () => ({ label: t("back"), missing: [], act: () => app.open("") }),
  };
}
