/* Texts by key, so that another language is another table. What the controller says is shown
   as it says it (data-said). `?texts=marked` puts marks around every text of the table. */

import { WORDS } from "./words.js";

const marked = new URLSearchParams(location.search).get("texts") === "marked";

/** @param {string} key @param {Record<string, string | number>} [values] @returns {string} */
export function t(key, values = {}) {
  const found = /** @type {Record<string, string>} */ (WORDS)[key];
  if (found === undefined) { // a newer controller's name: shown as it is, a screen never goes blank for it
    console.error(`no text for ${key}`);
    return key.slice(key.indexOf(".") + 1);
  }
  const text = found.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
  return marked ? `\u27e6${text}\u27e7` : text;
}

/** @param {string} key */
export const has = (key) => key in WORDS;
