/* The line at the top: who, which breast, which duct, which room, who is here. On every screen. */

import { h, setAttr, setText } from "./dom.js";
import { t } from "./text.js";

/** @param {import("./app.js").App} app @param {HTMLElement} root */
export function topBar(app, root) {
  const patient = h("span.patient", { "data-said": true }), born = h("span.born", { "data-said": true }), id = h("span.id", { "data-said": true });
  const side = h("span.side"), duct = h("span.duct"), phase = h("span.phase"), mode = h("strong.mode");
  const who = h("span.who"), clock = h("span.time", { "data-said": true });
  root.append(h("span.group", {}, patient, born, id), h("span.group", {}, side, duct), phase, mode, who, clock);
  return {
    /** @param {Snapshot} s */
    update(s) {
      const one = s.case;
      setText(patient, one ? one.patient_name || one.patient_id : s.room);
      setText(born, one ? one.birth_date : "");
      setText(id, one ? one.patient_id : "");
      setText(side, one ? t(`side.${one.side}`) : t("top.nobody"));
      setText(duct, s.duct && s.duct.clock_h ? t("top.duct", { hour: s.duct.clock_h, number: s.duct.number }) : "");
      setText(phase, t(`phase.${s.phase}`));
      setText(mode, t(`mode.${s.mode}`));
      setAttr(document.body, "data-mode", s.mode);
      setAttr(document.body, "data-phase", s.phase);
      setText(who, app.who.by || t("top.who"));
      setAttr(who, "data-said", app.who.by !== "");
      setAttr(who, "title", app.who.role ? t(`role.${app.who.role}`) : null);
      const time = new Date();
      setText(clock, `${String(time.getHours()).padStart(2, "0")}:${String(time.getMinutes()).padStart(2, "0")}`);
      const title = `${t(`mode.${s.mode}`)} \u2013 ${s.room}`;
      if (document.title !== title) document.title = title;
    },
  };
}
