/* The keyboard (console facts 5.17). STOP is the first event of Esc or Pause, from anywhere. Single
   letters do nothing. Keys that would leave the page are swallowed. */

/** @param {import("./app.js").App} app @param {{stop: () => void, pain: () => void, arm: () => void,
 *   acknowledge: () => void, quiet: () => void, next: () => void, help: () => void}} acts */
export function listen(app, acts) {
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || event.key === "Pause") {
      event.preventDefault();
      if (!event.repeat) acts.stop();
      return;
    }
    /** @type {Record<string, () => void>} */
    const map = { F12: acts.pain, F2: acts.arm, F4: acts.quiet, F5: acts.acknowledge, F8: acts.next, F1: acts.help };
    if (event.key in map) {
      event.preventDefault();
      if (!event.repeat) map[event.key]();
      return;
    }
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.key === "Enter" && target.closest("[data-guard], [data-hold]")) event.preventDefault();
    if (event.key === "F11" || (event.ctrlKey && "wrtnpWRTNP".includes(event.key))) event.preventDefault();
  }, { capture: true });
}
