/* What is not a step of a procedure, and the help of a screen. */

import { h, setAttr } from "../dom.js";
import { card, key } from "../parts.js";
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
  const items = [
    key(t("history"), () => app.open("history")), key(t("daily.open"), () => app.open("daily")),
    key(t("alarm.list"), () => app.open("alarms")), key(t("menu.who"), () => app.open("who")), theme, clean,
    key(t("menu.service"), () => app.open("service")), key(t("menu.qa"), () => app.open("qa")), key(t("menu.help"), () => app.open("help")),
  ];
  return {
    root: h("div.page.menu", {}, h("h1", {}, t("menu")), h("div.tiles", {}, ...items), h("p.note", {}, app.hello ? t("menu.program", { program: app.hello.program }) : "")),
    pad: "",
    update(s) {
      setAttr(clean, "aria-disabled", s.hold.phase === "closed" ? null : "true");
    },
    next: () => ({ label: t("back"), missing: [], act: () => app.open("") }),
  };
}

/** @param {import("../app.js").App} app @param {string} name @returns {View} */
export function page(app, name) {
  const lines = [1, 2, 3, 4, 5, 6].map((i) => `${name}.${i}`);
  const keys = h("dl.facts");
  if (name === "help") {
    keys.append(...["esc", "f12", "space", "f2", "f5", "f8", "f1", "tab"].flatMap((id) => [h("dt", {}, t(`key.${id}`)), h("dd", {}, t(`key.${id}.does`))]));
  }
  return {
    root: h("div.page.words", {}, card(t(`${name}.title`), h("ul", {}, ...lines.map((line) => h("li", {}, t(line))))), name === "help" ? card(t("help.keys"), keys) : h("span")),
    pad: "",
    update: () => undefined,
    next: () => ({ label: t("back"), missing: [], act: () => app.open("") }),
  };
}
