/* Which step of the rail a phase belongs to. */

export const STEPS = ["list", "check", "prime", "duct", "cannula", "inject", "compress", "expose", "review", "summary"];

const STEP_OF = /** @type {Record<string, string>} */ ({
  standby: "list", checklist: "check", "set-up": "prime", "prime-and-zero": "prime", "locate-duct": "duct",
  cannulate: "cannula", arm: "inject", "arm-confirm": "inject", armed: "inject", injecting: "inject",
  holding: "inject", settle: "inject", compression: "compress", exposure: "expose", "exposure-armed": "expose",
  review: "review", decannulate: "summary", aftercare: "summary", closed: "summary",
});

/** @param {Snapshot} s @returns {string} "" where the procedure has left its steps */
export const stepOf = (s) => STEP_OF[s.phase] ?? "";

/** Where the rail stands: a stopped procedure still is where it was stopped. @param {Snapshot} s */
export const placeOf = (s) => stepOf(s) || (s.phase === "stopped" ? STEP_OF[s.stop.anchor] ?? "" : "");
