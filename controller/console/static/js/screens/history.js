/* Closed procedures: search, report with its plots, in a frame in which no script runs. */

import { h, setAttr, setText, show } from "../dom.js";
import { key } from "../parts.js";
import { t } from "../text.js";
import { measuredMl } from "../units.js";

/** @param {import("../app.js").App} app @returns {View} */
export function history(app) {
  const words = /** @type {HTMLInputElement} */ (h("input", { id: "f-search", type: "search", autocomplete: "off", maxlength: 100 }));
  const search = () => app.link.send({ k: "history.list", words: words.value.trim() });
  words.addEventListener("keydown", (event) => event.key === "Enter" && search());
  const body = h("tbody");
  const empty = h("p.empty", { role: "status" });
  const head = ["date", "patient", "side", "volume", "people", "state"].map((name) => h("th", { scope: "col" }, t(`history.${name}`)));
  const list = h("div.list", { tabindex: "0", role: "region", "aria-label": t("history") }, h("table.cases", {}, h("thead", {}, h("tr", {}, ...head, h("td"))), body), empty);
  const frame = /** @type {HTMLIFrameElement} */ (h("iframe", { title: t("history.report"), sandbox: "allow-modals", hidden: true }));
  const close = key(t("history.close"), () => { show(frame, false); show(list, true); show(close, false); });
  show(close, false);
  const root = h("div.page.history", {}, h("div.head", {}, h("h1", {}, t("history")), h("label.field", { for: "f-search" }, h("span.name", {}, t("history.search")), words), key(t("history.find"), search), close), list, frame);

  /** @param {any} message */
  const hear = (message) => {
    if (message.k === "history") {
      body.replaceChildren(...message.cases.map((/** @type {any} */ one) => h("tr", {},
        h("td", { "data-said": true }, new Date(one.begin_utc_ms).toISOString().slice(0, 16).replace("T", " ")),
        h("td", { "data-said": true }, `${one.patient_name} ${one.patient_id}`), h("td", {}, t(`side.short.${one.side}`)),
        h("td", {}, `${measuredMl(one.low_nl, "down")}\u2013${measuredMl(one.high_nl, "up")}\u00a0mL`),
        h("td", { "data-said": true }, `${one.performer}, ${one.assistant}`), h("td", {}, t(one.closed ? "history.closed" : "history.open")),
        h("td", {}, key(t("history.read"), () => app.link.send({ k: "history.open", case: one.case, form: "report" }), "small"),
          key(t("history.replay"), () => { app.chosenCase = one.case; app.open("replay"); }, "small")))));
      setAttr(empty, "data-said", Boolean(message.words));
      setText(empty, message.words || (message.cases.length ? "" : t("history.none")));
    } else if (message.k === "history.address") {
      if (message.address) {
        frame.src = message.address;
        show(frame, true);
        show(list, false);
        show(close, true);
      } else setText(empty, message.error);
    }
  };
  app.hearers.push(hear);
  search();
  return {
    root, pad: "", update: () => undefined,
    next: () => ({ label: t("back"), missing: [], act: () => app.open("") }),
    leave: () => { app.hearers.splice(app.hearers.indexOf(hear), 1); },
  };
}
