/* S2: each question is answered by itself. No default, no "all yes". */

import { h, reveal, setAttr, setText, show } from "../dom.js";
import { enable, key } from "../parts.js";
import { t } from "../text.js";
import { some, way } from "./ways.js";

/** @param {import("../app.js").App} app @returns {View} */
export function checklist(app) {
  const items = app.facts?.checklist ?? [];
  const progress = h("p.progress");
  const rows = items.map((item) => {
    const yes = key(t("yes"), () => void app.ask("answer", { item: item.key, answer: true }), "answer");
    const no = key(t("no"), () => void app.ask("answer", { item: item.key, answer: false }), "answer");
    const accept = key(t("checklist.accept"), () => app.asRadiologist(() =>
      void app.ask("answer", { item: item.key, answer: !item.safe_answer, accepted: true })), "answer wide");
    const note = h("span.note");
    const question = h("span.question", { "data-said": true, id: `q-${item.key}` }, item.question);
    const root = h("div.item", { role: "group", "aria-labelledby": `q-${item.key}` }, h("span.text", {}, question, note), accept, yes, no);
    return { item, root, yes, no, accept, note };
  });
  const list = h("div.items", {}, ...rows.map((row) => row.root));
  const root = h("div.page.checklist", {}, h("div.head", {}, h("h1", {}, t("checklist")), progress), list);
  let next = "";
  return {
    root, pad: "",
    update(s) {
      const given = new Map((s.case?.answers ?? []).map((answer) => [answer.item, answer]));
      setText(progress, t("checklist.progress", { done: given.size, all: items.length }));
      for (const { item, root: row, yes, no, accept, note } of rows) {
        const answer = given.get(item.key);
        const bad = answer !== undefined && answer.answer !== item.safe_answer;
        setAttr(yes, "aria-pressed", String(answer?.answer === true));
        setAttr(no, "aria-pressed", String(answer?.answer === false));
        const state = answer === undefined ? "wait" : bad && !answer.accepted ? "no" : "ok";
        setAttr(row, "data-state", state);
        setText(note, !bad ? "" : answer.accepted ? t("checklist.accepted") : t(`severity.${item.severity}`));
        show(accept, bad && item.severity === "physician" && !answer.accepted);
        enable(accept, true);
      }
      const open = rows.find((row) => !given.has(row.item.key));
      if (open && open.item.key !== next) {
        next = open.item.key;
        reveal(list, open.root);
      }
    },
    next: (s) => way(app, s, "checked"),
    acts: (s) => some([way(app, s, "reschedule")]),
  };
}
