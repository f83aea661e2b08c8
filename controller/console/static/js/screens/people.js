/* Who is in front of the page. Where people log in, by name and PIN; else by their own word.
   Locked or not, STOP and the alarms stay as they are. */

import { h, setText, show } from "../dom.js";
import { card, chips, key } from "../parts.js";
import { t } from "../text.js";

const ROLES = ["technologist", "radiologist", "service", "qa"];

/** @param {import("../app.js").App} app @param {{role: string, locked: boolean, then: () => void, cancel: (() => void) | null}} wish
 *  @returns {View} */
export function people(app, wish) {
  const name = /** @type {HTMLInputElement} */ (h("input", { id: "f-who", autocomplete: "off", spellcheck: "false", maxlength: 64 }));
  const pin = /** @type {HTMLInputElement} */ (h("input", { id: "f-pin", type: "password", inputmode: "numeric", autocomplete: "off", maxlength: 64 }));
  let role = wish.role;
  const roles = chips(t("who.role"), ROLES.map((value) => ({ value, label: t(`role.${value}`) })), (value) => { role = value; });
  if (role) roles.set(role);
  const digits = h("div.digits", { role: "group", "aria-label": t("who.pin") },
    ...["1", "2", "3", "4", "5", "6", "7", "8", "9"].map((digit) => key(digit, () => { pin.value += digit; })),
    key(t("who.clear"), () => { pin.value = ""; }), key("0", () => { pin.value += "0"; }));
  const withPin = app.who.login === "pin";
  const pinField = h("label.field", { for: "f-pin" }, h("span.name", {}, t("who.pin")), pin);
  const words = h("p.note", { "data-said": true });
  const root = h("div.page.people", {},
    card(t(wish.locked ? "who.locked" : wish.role === "radiologist" ? "who.radiologist" : "who.title"),
      h("p", {}, t(withPin ? "who.hint.pin" : "who.hint.name")),
      h("label.field", { for: "f-who" }, h("span.name", {}, t("who.name")), name),
      withPin ? pinField : "", withPin ? h("p.note", {}, t("who.role.hint")) : "", roles.root, words, wish.cancel ? key(t("back"), wish.cancel) : ""),
    withPin ? card(t("who.pin"), digits) : null);
  show(roles.root, !withPin || wish.role === "");
  if (wish.role === "radiologist" && app.live.snap?.case) name.value = app.live.snap.case.performer;
  const enter = () => {
    app.refuse([]);
    if (withPin) app.link.send({ k: "login", user: name.value.trim(), pin: pin.value, role });
    else {
      app.link.send({ k: "person", by: name.value.trim(), role });
      app.who.by = name.value.trim();
      app.who.role = role;
      app.who.locked = false;
      wish.then();
      app.refused = [];
    }
    pin.value = "";
  };
  return {
    root, pad: "",
    update: () => setText(words, app.refusal.join(" ")),
    next() {
      const missing = [];
      if (!name.value.trim()) missing.push(t("need.name"));
      if (withPin && !pin.value) missing.push(t("need.pin"));
      if (!withPin && !role) missing.push(t("need.role"));
      return { label: t(wish.role === "radiologist" ? "who.confirm" : "who.enter"), missing, act: enter };
    },
  };
}
