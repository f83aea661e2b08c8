/* Numbers as people read them. Ordered values: no trailing zero (0.2). Measured values keep
   their places (0.20). Never a bare point (.2), never a thousands mark. Integer arithmetic. */

/** @param {number} value @param {number} places of ten to cut @param {number} shown
 *  @param {"down"|"up"|"near"} way @returns {string} */
export function fixed(value, places, shown, way = "near") {
  const step = 10 ** (places - shown);
  const turn = { down: Math.floor, up: Math.ceil, near: Math.round }[way];
  const whole = turn(value / step);
  const sign = whole < 0 ? "\u2212" : "";
  const digits = String(Math.abs(whole)).padStart(shown + 1, "0");
  return shown === 0 ? sign + digits : `${sign}${digits.slice(0, -shown)}.${digits.slice(-shown)}`;
}

/** An ordered value: exact, without trailing zeros. @param {number} value @param {number} places */
export function ordered(value, places) {
  const text = fixed(value, places, places);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** The controller's words with their ordered numbers as people read them: 0.200 mL -> 0.2 mL.
 *  @param {string} words */
export const plainOrder = (words) => words.replace(/(\d+\.\d*?)0+(?= mL)/g, (_, number) => number.replace(/\.$/, ""));

/** nL to mL as ordered: 200000 -> "0.2". @param {number} nl */
export const orderedMl = (nl) => ordered(nl, 6);

/** nL to mL as measured: 200000 -> "0.20". @param {number} nl @param {"down"|"up"|"near"} way */
export const measuredMl = (nl, way = "near") => fixed(nl, 6, 2, way);

/** nL/min to mL/min as measured. @param {number} rate */
export const measuredRate = (rate) => fixed(rate, 6, 2);

/** Pa to kPa, one place. @param {number|null|undefined} pa @param {"down"|"up"|"near"} way */
export const kpa = (pa, way = "near") => (pa === null || pa === undefined ? "\u2013" : fixed(pa, 3, 1, way));

/** mN to N. @param {number} mn */
export const newton = (mn) => fixed(mn, 3, 0);

/** um to mm. @param {number} um @param {number} shown */
export const millimetre = (um, shown = 0) => fixed(um, 3, shown);

/** m°C to °C. @param {number|null} mc */
export const celsius = (mc) => (mc === null ? "\u2013" : fixed(mc, 3, 1));

/** Whole seconds as 1:05. @param {number} seconds */
export function clock(seconds) {
  const left = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}
