/* What every plot of the pages has in common: fixed axes, no zoom, no cursor, colours of the theme. */

import uPlot from "../vendor/uplot/uPlot.esm.js";

const SPAN_S = 60;

/** @param {string} name */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @param {string} label @param {[number, number]} range @param {HTMLElement} into
 *  @param {any[]} series @param {Record<string, ((u: any) => void)[]>} hooks @param {boolean} times
 *  @param {[number, number]} [span] of the time axis, s */
export function plot(label, range, into, series, hooks, times, span = [-SPAN_S, 0]) {
  const ink = colour("--muted"), grid = colour("--line");
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: "15px sans-serif", labelFont: "15px sans-serif" };
  return new uPlot(/** @type {any} */ ({
    width: 600, height: 200,
    legend: { show: false }, cursor: { show: false }, select: { show: false },
    padding: [8, 18, times ? 0 : 4, 0],
    scales: { x: { time: false, range: span }, y: { range } },
    axes: [
      { ...axis, show: times, size: 32, space: 90, values: (/** @type {any} */ _u, /** @type {number[]} */ at) => at.map((v) => `${v} s`) },
      { ...axis, label, size: 44, labelSize: 20, space: 26 },
    ],
    series: [{}, ...series],
    hooks,
  }), [[], ...series.map(() => [])], into);
}
