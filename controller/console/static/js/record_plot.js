/* Curves of a closed procedure around one instant: line and net pressure with their levels, flow.
   Axes stand still for the whole record; a gap in it stays a gap. */

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { h } from "./dom.js";
import { colour, plot } from "./plots.js";
import { t } from "./text.js";

/** Half of what is seen at once. */
const HALF_S = 30;
const TOPS_KPA = [5, 10, 20, 40, 80, 120, 160];

export class RecordPlot {
  /** @param {Played} record */
  constructor(record) {
    this.record = record;
    this.pressureBox = h("div.plot.pressure", { role: "img", "aria-label": t("replay.pressure.alt") });
    this.flowBox = h("div.plot.flow", { role: "img", "aria-label": t("replay.flow.alt") });
    this.root = h("div.charts", {}, h("div.legend", {}, h("span.key.net", {}, t("chart.net")), h("span.key.upper", {}, t("chart.upper")), h("span.key.line", {}, t("chart.line")), h("span.key.flow", {}, t("chart.measured"))),
      this.pressureBox, this.flowBox);
    const c = record.curves, most = (/** @type {[number, number | null][]} */ curve) => curve.reduce((top, [, v]) => Math.max(top, v ?? 0), 0);
    const need = Math.max(record.limits.net_stop_pa ?? 6000, most(c.line_pa), most(c.upper_pa)) * 1.1 / 1000;
    const top = TOPS_KPA.find((kpa) => kpa >= need) ?? Math.ceil(need);
    const flowTop = Math.max(0.1, Math.ceil((most(c.flow_nl_min) * 1.1) / 50_000) * 0.05);
    const net = colour("--trace-net"), line = colour("--trace-line"), span = /** @type {[number, number]} */ ([-HALF_S, HALF_S]);
    const hooks = { drawAxes: [(/** @type {any} */ u) => this.levels(u)], draw: [(/** @type {any} */ u) => this.cursor(u)] };
    this.pressure = plot(t("chart.kpa"), [-1, top], this.pressureBox, [
      { stroke: line, width: 2, points: { show: false } }, { stroke: net, width: 1.5, dash: [3, 4], points: { show: false } }, { stroke: net, width: 3, points: { show: false } }], hooks, false, span);
    this.flow = plot(t("chart.mlmin"), [0, flowTop], this.flowBox, [
      { stroke: net, width: 3, points: { show: false }, paths: uPlot.paths.stepped?.({ align: 1 }) }], { draw: hooks.draw }, true, span);
  }

  /** @param {any} u */
  levels(u) {
    const ctx = u.ctx, l = this.record.limits;
    for (const [pa, name] of /** @type {[number | undefined, string][]} */ ([[l.net_stop_pa, "--stop-level"], [l.net_pause_pa, "--pause-level"], [l.net_warn_pa, "--warn-level"]])) {
      if (pa === undefined) continue;
      const y = u.valToPos(pa / 1000, "y", true);
      ctx.save();
      ctx.strokeStyle = colour(name);
      ctx.lineWidth = 2 * devicePixelRatio;
      ctx.beginPath();
      ctx.moveTo(u.bbox.left, y);
      ctx.lineTo(u.bbox.left + u.bbox.width, y);
      ctx.stroke();
      ctx.restore();
    }
  }

  /** The instant that the numbers are of. @param {any} u */
  cursor(u) {
    const ctx = u.ctx, x = u.valToPos(0, "x", true);
    ctx.save();
    ctx.strokeStyle = colour("--text");
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.setLineDash([6, 4]);
    ctx.beginPath();
    ctx.moveTo(x, u.bbox.top);
    ctx.lineTo(x, u.bbox.top + u.bbox.height);
    ctx.stroke();
    ctx.restore();
  }

  /** @param {number} at ms since the procedure began */
  show(at) {
    const c = this.record.curves, from = at - HALF_S * 1000, to = at + HALF_S * 1000;
    /** Points of all curves on one axis of time; where a curve has none it is left out, not zero.
     *  @param {[[number, number | null][], number][]} curves */
    const joined = (curves) => {
      const tables = curves.map(([curve, by]) => {
        const seen = /** @type {[number[], (number | null)[]]} */ ([[], []]);
        curve.forEach(([ms, value]) => {
          if (ms < from - 2000 || ms > to + 2000) return;
          seen[0].push((ms - at) / 1000);
          seen[1].push(value === null ? null : value / by);
        });
        return seen;
      });
      return uPlot.join(/** @type {any} */ (tables), /** @type {any} */ (tables.map(() => [0, 1])));
    };
    this.pressure.setData(joined([[c.line_pa, 1000], [c.upper_pa, 1000], [c.net_pa, 1000]]), false);
    this.flow.setData(joined([[c.flow_nl_min, 1e6]]), false);
    this.pressure.redraw();
    this.flow.redraw();
  }

  fit() {
    for (const [u, box] of /** @type {[any, HTMLElement][]} */ ([[this.pressure, this.pressureBox], [this.flow, this.flowBox]])) {
      const { clientWidth: width, clientHeight: height } = box;
      if (width > 40 && height > 40 && (u.width !== width || u.height !== height)) u.setSize({ width, height });
    }
  }

  destroy() {
    this.pressure.destroy();
    this.flow.destroy();
  }
}
