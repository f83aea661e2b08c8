/* Pages beside the procedure: which there are, whose they are, and when they may be opened. None
   lies over what is armed; those of service and QA lie over no procedure at all. */

/** Only these may lie over the screen of the phase. */
export const ASIDE = new Set(["menu", "daily", "history", "replay", "alarms", "service", "qa", "help", "who", "touch"]);

/** Whose a page is; every other is everybody's. */
const OF = /** @type {Record<string, string[]>} */ ({ service: ["service"], qa: ["qa", "service"] });

/** Whether a page is for who is here. @param {string} name @param {string} role */
export const isFor = (name, role) => !(name in OF) || OF[name].includes(role);

/** Whether a page may be shown now. @param {string} name @param {string} role @param {Snapshot} s */
export function mayOpen(name, role, s) {
  if (!ASIDE.has(name) || !isFor(name, role)) return false;
  return !(name in OF) || (s.case === null && s.phase === "standby");
}
