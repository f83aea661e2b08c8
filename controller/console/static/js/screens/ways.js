/* A workflow event as the one next action, or as one of the acts beside it. */

import { t } from "../text.js";

/** @typedef {import("../app.js").App} App */

/** What is missing for an event, in the controller's words; null: there is no such way now.
 *  @param {Snapshot} s @param {string} event @returns {string[] | null} */
export function missing(s, event) {
  return event in s.ways ? s.ways[event] : null;
}

/** Whether an event waits for this fact (docs/api.md, `missing`). @param {Snapshot} s
 *  @param {string} event @param {string} code */
export const waitsFor = (s, event, code) => (s.missing[event] ?? []).includes(code);

/** What is missing for an event, but for one fact that this page is about to give.
 *  @param {Snapshot} s @param {string} event @param {string} code @returns {string[]} */
export function missingBut(s, event, code) {
  return (missing(s, event) ?? []).filter((_, i) => s.missing[event]?.[i] !== code);
}

/** What no waiting and no hand in the room gives back today. */
const SPENT = new Set(["another-injection", "day-injection", "volume-left", "duct-has-room", "top-up-held", "refill-held"]);

/** Why an event cannot be any more, in the controller's words; empty: it can, sooner or later.
 *  @param {Snapshot} s @param {string} event @returns {string[]} */
export function spent(s, event) {
  return (missing(s, event) ?? []).filter((_, i) => SPENT.has(s.missing[event]?.[i] ?? ""));
}

/** @param {App} app @param {Snapshot} s @param {string} event @param {string} [label]
 *  @returns {Action | null} */
export function way(app, s, event, label) {
  const words = missing(s, event);
  if (words === null) return null;
  return { label: label ?? t(`do.${event}`), missing: words, act: () => void app.go(event) };
}

/** The same by the radiologist's word. @param {App} app @param {Snapshot} s @param {string} event
 *  @returns {Action | null} */
export function radiologistWay(app, s, event) {
  const found = way(app, s, event);
  return found && { ...found, act: () => app.asRadiologist(() => void app.go(event)) };
}

/** @param {Action | null} action @returns {Action | null} */
export const rare = (action) => action && { ...action, rare: true };

/** Stop and mark: it hurts. @param {App} app @returns {Action} */
export const pain = (app) => ({ label: t("pain"), missing: [], act: () => void app.go("pain") });

/** @param {(Action | null)[]} list @returns {Action[]} */
export const some = (list) => /** @type {Action[]} */ (list.filter((action) => action !== null));
