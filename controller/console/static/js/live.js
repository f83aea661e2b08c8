/* The newest snapshot, how old it is, what has been drawn of it, and the last minute for plots. */

const GAP_MS = 250;
const KEPT = 3600;
const SPAN_MS = 61_000;
/** Numbers older than this are grey (console facts 5.18). */
export const STALE_MS = 300;
/** A hold ends, and "display late" shows. */
export const LATE_MS = 400;

/** @typedef {{t: number, line: number|null, net: number|null, upper: number|null,
 *   told: number|null, flow: number|null, blind: boolean}} Point */

export class Live {
  constructor() {
    /** @type {Snapshot | null} */
    this.snap = null;
    this.at = 0;
    this.drawnN = 0;
    this.drawnT = 0;
    this.drawnAt = 0;
    /** @type {Point[]} */
    this.points = [];
    /** @type {{t: number, name: string}[]} */
    this.events = [];
    /** Net pressure as it was last known: while the line is asked seldom, an answer is shown
     *  until it is stale. */
    this.known = { t: -1e9, net: /** @type {number | null} */ (null), upper: /** @type {number | null} */ (null) };
  }

  /** @param {Snapshot} s @param {number} at */
  take(s, at) {
    const old = this.snap;
    this.snap = s;
    this.at = at;
    if (old !== null && s.t_ms < old.t_ms) this.points = [];
    this.note(s, old);
    const last = this.points[this.points.length - 1];
    if (last && s.t_ms - last.t > GAP_MS) {
      this.points.push({ t: last.t + 1, line: null, net: null, upper: null, told: null, flow: null, blind: false });
    }
    const p = s.pressure;
    if (p.net_upper_pa !== null) this.known = { t: s.t_ms, net: p.net_pa, upper: p.net_upper_pa };
    const { net, upper } = this.net;
    const old_line = p.line_age_ms === null || p.line_age_ms > 1000;
    this.points.push({
      t: s.t_ms,
      line: old_line ? null : p.line_pa,
      net: old_line ? null : net,
      upper: old_line ? null : upper,
      told: s.rate.commanded_nl_min,
      flow: s.rate.confirmed_nl_min,
      blind: net === null,
    });
    const first = s.t_ms - SPAN_MS;
    let cut = 0;
    while (cut < this.points.length && this.points[cut].t < first) cut += 1;
    cut = Math.max(cut, this.points.length - KEPT);
    if (cut > 0) this.points.splice(0, cut);
    while (this.events.length && this.events[0].t < first) this.events.shift();
  }

  /** Marks in the plot: press, release, checkpoint, alarm, stop. @param {Snapshot} s
   *  @param {Snapshot | null} old */
  note(s, old) {
    if (old === null) return;
    const was = old.hold.phase, is = s.hold.phase;
    if (is === "open" && was !== "open") this.events.push({ t: s.t_ms, name: "press" });
    else if (is === "lift" && was !== "lift") this.events.push({ t: s.t_ms, name: "checkpoint" });
    else if (was === "open" && is !== "open") this.events.push({ t: s.t_ms, name: "release" });
    const known = new Set(old.alarms.map((alarm) => alarm.name + alarm.since_ms));
    if (s.alarms.some((alarm) => !known.has(alarm.name + alarm.since_ms))) this.events.push({ t: s.t_ms, name: "alarm" });
    if (s.phase === "stopped" && old.phase !== "stopped") this.events.push({ t: s.t_ms, name: "stopped" });
  }

  /** The newest snapshot is on the screen now (called inside requestAnimationFrame). */
  drawn() {
    if (this.snap === null) return;
    this.drawnN = this.snap.n;
    this.drawnT = this.snap.t_ms;
    this.drawnAt = performance.now();
  }

  /** Net pressure, likely and at most; null: not known, or older than a number may be. */
  get net() {
    const s = this.snap;
    const fresh = s !== null && s.t_ms - this.known.t <= STALE_MS && s.t_ms >= this.known.t;
    return fresh ? { net: this.known.net, upper: this.known.upper } : { net: null, upper: null };
  }

  /** @param {number} now */
  age(now) {
    return this.snap === null ? Infinity : now - this.at;
  }
}
