/* The last minute: line and net pressure with their levels, flow told and measured. Axes are
   fixed while anything is armed; a gap stays a gap; where net is not known it is shaded. */

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { h } from "./dom.js";
import { colour, plot } from "./plots.js";
import { t } from "./text.js";

const AXES_KPA = [10, 20, 40, 80, 120];

export class Chart {
  /** @param {Record<string, number>} limits */
  constructor(limits) {
    this.limits = limits;
    this.pressureBox = h("div.plot.pressure", { role: "img", "aria-label": t("chart.pressure.alt") });
    this.flowBox = h("div.plot.flow", { role: "img", "aria-label": t("chart.flow.alt") });
    this.root = h("div.charts", {},
      h("div.legend", {},
        h("span.key.net", {}, t("chart.net")), h("span.key.upper", {}, t("chart.upper")),
        h("span.key.line", {}, t("chart.line")), h("span.key.blind", {}, t("chart.blind")),
        h("span.key.told", {}, t("chart.told")), h("span.key.flow", {}, t("chart.measured"))),
      this.pressureBox, this.flowBox);
    this.top = 0;
    this.flowTop = 0.25;
    this.offScale = { pressure: false, flow: false };
    this.blind = /** @type {boolean[]} */ ([]);
    this.marks = /** @type {{x: number, name: string}[]} */ ([]);
    /** @type {any} */ this.pressure = null;
    /** @type {any} */ this.flow = null;
    this.observer = new ResizeObserver(() => this.fit());
    this.observer.observe(this.root);
  }

  /** Axes for the limit in force; fixed while something is armed. @param {Snapshot} s */
  axes(s) {
    const armed = s.hold.phase !== "closed" || s.phase === "injecting" || s.phase === "armed";
    const drop = (s.line.resistance_pa_s_ul * this.limits.rate_nl_min) / 60_000;
    const need = Math.max(this.limits.net_stop_pa * 1.25,
      s.line.resistance_pa_s_ul ? Math.min(this.limits.line_pressure_pa, drop * 1.3 + this.limits.line_margin_pa) : 0);
    const top = AXES_KPA.find((kpa) => kpa * 1000 >= need) ?? AXES_KPA[AXES_KPA.length - 1];
    if (top !== this.top && !(armed && this.top)) this.build(top);
  }

  /** @param {number} top kPa */
  build(top) {
    this.top = top;
    this.pressure?.destroy();
    this.flow?.destroy();
    const net = colour("--trace-net"), line = colour("--trace-line");
    this.pressure = plot(t("chart.kpa"), [-1, top], this.pressureBox, [
      { stroke: line, width: 2, points: { show: false } },
      { stroke: net, width: 1.5, dash: [3, 4], points: { show: false } },
      { stroke: net, width: 3, points: { show: false } },
    ], { drawClear: [(/** @type {any} */ u) => this.shade(u)], drawAxes: [(/** @type {any} */ u) => this.levels(u)],
      draw: [(/** @type {any} */ u) => this.ticks(u), (/** @type {any} */ u) => this.off(u, this.offScale.pressure)] }, false);
    const most = this.flowTop = Math.max(0.1, Math.ceil((this.limits.rate_nl_min * 1.25) / 50_000) * 0.05);
    this.flow = plot(t("chart.mlmin"), [0, most], this.flowBox, [
      { stroke: colour("--muted"), width: 2, dash: [6, 4], points: { show: false }, paths: uPlot.paths.stepped?.({ align: 1 }) },
      { stroke: net, width: 3, points: { show: false }, paths: uPlot.paths.stepped?.({ align: 1 }) },
    ], { draw: [(/** @type {any} */ u) => this.off(u, this.offScale.flow)] }, true);
    this.fit();
  }

  fit() {
    for (const [u, box] of [[this.pressure, this.pressureBox], [this.flow, this.flowBox]]) {
      if (u && box.clientWidth > 40 && box.clientHeight > 40) u.setSize({ width: box.clientWidth, height: box.clientHeight });
    }
  }

  /** @param {any} u */
  levels(u) {
    const ctx = u.ctx, rows = /** @type {[number, string, string, number[], number][]} */ ([
      [this.limits.net_stop_pa, "--stop-level", t("chart.stop"), [], 3],
      [this.limits.net_pause_pa, "--pause-level", t("chart.pause"), [10, 6], 2],
      [this.limits.net_warn_pa, "--warn-level", t("chart.warn"), [2, 5], 2],
    ]);
    ctx.save();
    ctx.font = `${15 * devicePixelRatio}px sans-serif`;
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    let at = 6;
    for (const [pa, name, word, dash, width] of rows) {
      const y = u.valToPos(pa / 1000, "y", true);
      ctx.strokeStyle = ctx.fillStyle = colour(name);
      ctx.lineWidth = width * devicePixelRatio;
      ctx.setLineDash(dash.map((d) => d * devicePixelRatio));
      ctx.beginPath();
      ctx.moveTo(u.bbox.left, y);
      ctx.lineTo(u.bbox.left + u.bbox.width, y);
      ctx.stroke();
      const text = `${word} ${pa / 1000}`;
      ctx.save();
      ctx.fillStyle = colour("--paper");
      ctx.fillRect(u.bbox.left + (at - 3) * devicePixelRatio, y - 18 * devicePixelRatio, ctx.measureText(text).width + 6 * devicePixelRatio, 17 * devicePixelRatio);
      ctx.restore();
      ctx.fillText(text, u.bbox.left + at * devicePixelRatio, y - 4 * devicePixelRatio);
      at += 76;
    }
    ctx.restore();
  }

  /** A value above the fixed axis is not drawn: that is said. @param {any} u @param {boolean} on */
  off(u, on) {
    if (!on) return;
    u.ctx.save();
    u.ctx.fillStyle = colour("--stop-level");
    u.ctx.font = `${15 * devicePixelRatio}px sans-serif`;
    u.ctx.textAlign = "right";
    u.ctx.textBaseline = "alphabetic";
    u.ctx.fillText(t("chart.off"), u.bbox.left + u.bbox.width - 6, u.bbox.top + 30 * devicePixelRatio);
    u.ctx.restore();
  }

  /** Where the estimate is not valid. @param {any} u */
  shade(u) {
    const xs = u.data[0];
    const ctx = u.ctx;
    ctx.save();
    ctx.fillStyle = colour("--blind");
    let from = -1;
    for (let i = 0; i <= xs.length; i += 1) {
      const blind = i < xs.length && this.blind[i];
      if (blind && from < 0) from = i;
      if (!blind && from >= 0) {
        const left = Math.max(u.bbox.left, u.valToPos(xs[from], "x", true));
        const right = u.valToPos(xs[i - 1], "x", true);
        if (right > left) ctx.fillRect(left, u.bbox.top, right - left, u.bbox.height);
        from = -1;
      }
    }
    ctx.restore();
  }

  /** @param {any} u */
  ticks(u) {
    const ctx = u.ctx;
    ctx.save();
    ctx.fillStyle = ctx.strokeStyle = colour("--text");
    ctx.font = `${14 * devicePixelRatio}px sans-serif`;
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    let free = 0;
    for (const mark of this.marks) {
      const x = u.valToPos(mark.x, "x", true);
      if (x < u.bbox.left) continue;
      ctx.beginPath();
      ctx.moveTo(x, u.bbox.top);
      ctx.lineTo(x, u.bbox.top + 12 * devicePixelRatio);
      ctx.stroke();
      const word = t(`mark.${mark.name}`), wide = ctx.measureText(word).width + 12 * devicePixelRatio;
      const room = x + wide <= u.bbox.left + u.bbox.width; // else to the left of its mark
      if ((room ? x : x - wide) >= free) {
        ctx.fillText(word, room ? x + 4 * devicePixelRatio : x - wide + 8 * devicePixelRatio, u.bbox.top + 13 * devicePixelRatio);
        free = room ? x + wide : x + 4 * devicePixelRatio;
      }
    }
    ctx.restore();
  }

  /** @param {Snapshot} s @param {import("./live.js").Live} live */
  update(s, live) {
    this.axes(s);
    const now = s.t_ms, points = live.points;
    const x = points.map((p) => (p.t - now) / 1000);
    this.blind = points.map((p) => p.blind);
    this.marks = live.events.map((e) => ({ x: (e.t - now) / 1000, name: e.name }));
    /** @param {"line"|"net"|"upper"|"told"|"flow"} name @param {number} by */
    const of = (name, by) => points.map((p) => { const v = p[name]; return v === null ? null : v / by; });
    this.pressure?.setData([x, of("line", 1000), of("upper", 1000), of("net", 1000)], false);
    this.flow?.setData([x, of("told", 1e6), of("flow", 1e6)], false);
    this.offScale = { pressure: points.some((p) => (p.line ?? 0) > this.top * 1000 || (p.upper ?? 0) > this.top * 1000),
      flow: points.some((p) => (p.flow ?? 0) > this.flowTop * 1e6) };
    this.pressure?.redraw(); // and find out anew which points lie in the span: they move
    this.flow?.redraw();
  }

  destroy() {
    this.observer.disconnect();
    this.pressure?.destroy();
    this.flow?.destroy();
  }
}
