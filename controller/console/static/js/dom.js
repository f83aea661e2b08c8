/* Making and changing elements: text only, never markup from a string. */

/** @typedef {string | Node | null | false | undefined} Child */

/** @param {string} tag "button.key#id" @param {Record<string, unknown>} [attributes]
 *  @param {...Child} children @returns {HTMLElement} */
export function h(tag, attributes = {}, ...children) {
  const [head, ...classes] = tag.split(".");
  const [name, id] = head.split("#");
  const made = document.createElement(name || "div");
  if (id) made.id = id;
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") {
      for (const [event, act] of Object.entries(/** @type {Record<string, EventListener>} */ (value))) {
        made.addEventListener(event, act);
      }
    } else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== false && child !== undefined)
    .map((child) => /** @type {string | Node} */ (child)));
  return made;
}

/** @param {string} tag @param {Record<string, unknown>} attributes @param {...Node} children
 *  @returns {SVGElement} */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "on") {
      for (const [event, act] of Object.entries(/** @type {Record<string, EventListener>} */ (value))) {
        made.addEventListener(event, act);
      }
    } else made.setAttribute(key, String(value));
  }
  made.append(...children);
  return made;
}

/** Change a text only when it differs: focus and screen readers keep their place.
 *  @param {Element} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {Element} node @param {string} name @param {string | boolean | null} value */
export function setAttr(node, name, value) {
  const text = value === true ? "" : value;
  if (text === null || text === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}

/** @param {HTMLElement} node @param {boolean} on */
export const show = (node, on) => setAttr(node, "hidden", !on);

/** Bring a row into view inside its own list: nothing else on the screen moves.
 *  @param {HTMLElement} list @param {HTMLElement} row */
export function reveal(list, row) {
  const inner = list.getBoundingClientRect(), one = row.getBoundingClientRect();
  if (one.top < inner.top) list.scrollTop -= inner.top - one.top;
  else if (one.bottom > inner.bottom) list.scrollTop += one.bottom - inner.bottom;
}

/** Words of the controller in a list, one line each; unchanged lines stay as they are.
 *  @param {HTMLElement} list @param {string[]} lines */
export function setLines(list, lines) {
  const key = lines.join("\n");
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(...lines.map((line) => h("li", { "data-said": true }, line)));
}

/** A size that is data, not style: the page's policy forbids style attributes, CSSOM is allowed.
 *  @param {HTMLElement | SVGElement} node @param {string} name @param {string} value */
export function setStyle(node, name, value) {
  if (node.style.getPropertyValue(name) !== value) node.style.setProperty(name, value);
}
