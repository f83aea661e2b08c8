/* S6, the screen that matters: what the pump was told beside what it did, where net pressure
   stands against its levels, how much is in the duct at least and at most. */

import { Chart } from "../chart.js";
import { h, setAttr, setText, show } from "../dom.js";
import { figure, volumeBar } from "../parts.js";
import { t } from "../text.js";
import { celsius, clock, fixed, kpa, measuredMl, measuredRate, orderedMl, plainOrder } from "../units.js";
import { pain, rare, some, way } from "./ways.js";

/** The card that is read back must have been in view for this long before ARM is offered. */
const READ_MS = 1000;

/** Ends of a hold that nothing went wrong with: they are no reason for anything. */
const PLAIN = ["", "done", "disarmed", "the injection is finished", "the exposure is counted", "what is mounted is entered anew"];

/** Which row of the table of states it is. @param {Snapshot} s @param {number[]} checkpoints
 *  @param {number} lifted volume at which the last checkpoint was reached */
export function stateOf(s, checkpoints, lifted) {
  switch (s.phase) {
    case "arm-confirm": return "confirm";
    case "armed": return "armed";
    case "injecting": return s.motion?.slowed ? "slowed" : "injecting";
    case "holding": {
      if (s.hold.phase === "lift") return "lift";
      const near = (/** @type {number} */ nl) => Math.abs(nl - s.volume.injected_nl) < 1000;
      return checkpoints.some(near) || near(lifted) ? "checkpoint" : "holding";
    }
    case "settle": return s.ways.settled?.length === 0 || s.ways.sealed?.length === 0 ? "done" : "relaxing";
    default: return "safe";
  }
}

/** Contrast with its temperature, as far as it is known. @param {Snapshot} s */
const contrastOf = (s) => s.mounted ? `${s.mounted.contrast}, ${celsius(s.mounted.temperature_mc)}\u00a0\u00b0C` : "";

/** @param {Record<string, number>} limits @param {number} most */
function checkpointsOf(limits, most) {
  const found = [];
  for (let nl = limits.first_checkpoint_nl; nl < most; nl += limits.checkpoint_step_nl) found.push(nl);
  return found;
}

/** @param {import("../app.js").App} app @returns {View} */
export function inject(app) {
  const { limits } = /** @type {Facts} */ (app.facts);
  const checkpoints = checkpointsOf(limits, limits.injection_volume_nl);
  const lives = /** @type {Record<string, number | undefined>} */ ({ confirm: limits.confirm_life_ns, armed: limits.arm_life_ns,
    holding: limits.resume_window_ns, checkpoint: limits.resume_window_ns });
  const chart = new Chart(limits);
  const word = h("strong.word"), left = h("span.left.live"), what = h("p.what");
  const state = h("div.state", { role: "status" }, h("div.row", {}, word, left), what);
  const given = figure(t("given"), "mL", "huge"), flow = figure(t("flow"), "mL/min", "huge"),
    net = figure(t("net"), "kPa", "huge"), line = figure(t("line"), "kPa"), rest = figure(t("time.left"), "min");
  const bars = h("div.bars");
  const readback = h("div.readback", {}, h("h2", {}, t("readback")), h("p.plan", { "data-said": true }), h("dl"));
  const agent = h("p.agent", { "data-said": true });
  const root = h("div.page.inject", {}, h("div.left", {}, chart.root, readback, bars),
    h("div.right", {}, state, h("div.figures", {}, given.root, flow.root, net.root, h("div.pair", {}, line.root, rest.root)), agent));
  let seenAt = 0, lifted = -1e9, planShown = "", barKey = "";
  /** @type {ReturnType<typeof volumeBar>[]} */ let made = [];

  /** @param {Snapshot} s */
  const buildBars = (s) => {
    const plan = s.volume.planned_nl, cps = checkpoints.filter((nl) => nl < plan);
    const id = `${plan} ${s.volume.duct_limit_nl}`;
    if (id === barKey) return;
    barKey = id;
    made = [
      volumeBar(t("bar.injection"), cps.map((nl) => ({ at: nl, word: orderedMl(nl), kind: "cp" })), Math.max(plan, 1)),
      volumeBar(t("bar.duct"), [], Math.max(1, s.volume.duct_limit_nl)),
      volumeBar(t("bar.day"), [], limits.side_day_volume_nl),
    ];
    bars.replaceChildren(...made.map((bar) => bar.root));
  };

  /** @param {Snapshot} s */
  const card = (s) => {
    if (planShown === s.plan) return;
    planShown = s.plan;
    setText(/** @type {Element} */ (readback.querySelector(".plan")), plainOrder(s.plan));
    const rows = /** @type {[string, string][]} */ ([
      [t("rb.breast"), `${s.case ? t(`side.${s.case.side}`) : ""} \u00b7 ${t("top.duct", { hour: s.duct?.clock_h ?? 0, number: s.duct?.number ?? 0 })}`],
      [t("rb.contrast"), contrastOf(s)],
      [t("rb.syringe"), s.mounted?.syringe ?? ""], [t("rb.cannula"), s.mounted?.cannula ?? ""],
      [t("rb.levels"), t("rb.levels.are", { warn: kpa(limits.net_warn_pa), pause: kpa(limits.net_pause_pa), stop: kpa(limits.net_stop_pa) })],
      [t("rb.checkpoint"), t("rb.checkpoint.at", { nl: orderedMl(s.volume.checkpoint_nl || limits.first_checkpoint_nl) })],
    ]);
    /** @type {Element} */ (readback.querySelector("dl")).replaceChildren(...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", { "data-said": true }, value)]));
  };

  return {
    root, pad: "inject",
    away: (s) => ["arm", "arm-confirm", "settle"].includes(s.phase),
    update(s) {
      if (s.hold.phase === "lift") lifted = s.volume.injected_nl;
      const now = stateOf(s, checkpoints, lifted);
      setAttr(state, "data-state", now);
      setText(word, t(`state.${now}`));
      const life = lives[now];
      const toExpose = now === "done" && s.exposure.injected_ms !== null ? clock(limits.exposure_delay_ns / 1e9 - s.exposure.injected_ms / 1000) : "";
      setText(left, life ? `${Math.max(0, Math.ceil(life / 1e9 - s.phase_ms / 1000))}\u00a0s` : toExpose);
      const extra = fixed(Math.max(0, (s.line.compliance_nl_kpa * (s.pressure.line_pa ?? 0)) / 1000), 3, 1, "up");
      setText(what, now === "safe" && !PLAIN.includes(s.hold.why) ? t("state.why", { why: s.hold.why }) : t(`state.${now}.what`, {
        given: measuredMl(s.volume.injected_nl), extra, plan: orderedMl(s.volume.planned_nl),
        cp: orderedMl(checkpoints.find((nl) => Math.abs(nl - s.volume.injected_nl) < 1000) ?? s.volume.injected_nl) }));
      setAttr(what, "data-said", now === "safe" && !PLAIN.includes(s.hold.why));
      given.set(measuredMl(s.volume.injected_nl), t("of", { all: orderedMl(s.volume.planned_nl), unit: "mL" }));
      flow.set(measuredRate(s.rate.confirmed_nl_min), t("told", { rate: measuredRate(s.rate.commanded_nl_min) }));
      const { upper, net: likely } = app.live.net;
      net.set(`${upper === null ? "" : "\u2264\u202f"}${kpa(upper, "up")}`, likely === null ? t(`net.${s.pressure.net_kind}`) : t("net.likely", { kpa: kpa(likely) }));
      const level = upper === null ? "none" : upper > limits.net_stop_pa ? "stop" : upper > limits.net_pause_pa ? "pause" : upper > limits.net_warn_pa ? "warn" : "ok";
      setAttr(net.root, "data-level", level);
      const differs = now === "injecting" && s.rate.confirmed_nl_min !== s.rate.commanded_nl_min;
      setAttr(flow.root, "data-level", differs ? "warn" : "ok");
      line.set(kpa(s.pressure.line_pa));
      const rate = s.motion?.top_rate_nl_min || limits.rate_nl_min;
      rest.set(clock((Math.max(0, s.volume.planned_nl - s.volume.injected_nl) / rate) * 60));
      buildBars(s);
      const v = s.volume;
      made[0]?.set(v.injected_nl, v.injected_nl, `${measuredMl(v.injected_nl)} / ${orderedMl(v.planned_nl)}\u00a0mL`);
      made[1]?.set(v.low_nl, v.high_nl, t("bar.between", { low: measuredMl(v.low_nl, "down"), high: measuredMl(v.high_nl, "up"), most: orderedMl(v.duct_limit_nl) }));
      made[2]?.set(v.side_day_low_nl, v.side_day_high_nl, t("bar.between", { low: measuredMl(v.side_day_low_nl, "down"), high: measuredMl(v.side_day_high_nl, "up"), most: orderedMl(limits.side_day_volume_nl) }));
      const m = s.mounted;
      setText(agent, m ? `${contrastOf(s)} · ${m.syringe} · ${m.cannula}` : "");
      const confirm = now === "confirm";
      show(readback, confirm);
      show(chart.root, !confirm);
      if (confirm) {
        card(s);
        if (!seenAt) seenAt = performance.now();
      } else {
        seenAt = 0;
        chart.update(s, app.live);
      }
    },
    next(s) {
      const now = stateOf(s, checkpoints, lifted);
      if (now === "confirm") {
        const box = readback.getBoundingClientRect();
        const seen = seenAt > 0 && performance.now() - seenAt >= READ_MS && box.height > 0 && box.bottom <= innerHeight;
        return seen ? { label: t("do.confirm-arm.read", { volume: orderedMl(s.volume.planned_nl), rate: orderedMl(s.motion?.top_rate_nl_min ?? limits.rate_nl_min) }),
          missing: [], guard: true, act: () => void app.ask("confirm-arm", { plan: planShown }) }
          : { label: t("do.read"), missing: [t("need.read")], act: () => undefined };
      }
      if (s.phase === "arm") return way(app, s, "arm", t("do.arm.read", { volume: orderedMl(s.volume.planned_nl) }));
      if (s.phase === "settle") return way(app, s, "settled") ?? way(app, s, "sealed");
      return null;
    },
    acts(s) {
      if (s.phase === "arm") return some([rare(way(app, s, "finish-injection")), rare(way(app, s, "attempt-failed")), rare(way(app, s, "change-syringe")), rare(way(app, s, "done", t("do.give-up"))), pain(app)]);
      if (s.phase === "settle") return some([rare(way(app, s, "top-up")), rare(way(app, s, "change-syringe")), { label: t("do.reconfirm.settled"), missing: [], rare: true, act: () => app.asRadiologist(() => void app.ask("reconfirm", { point: "settled" })) }, pain(app)]);
      if (s.phase === "holding") return some([way(app, s, "finish-injection"), way(app, s, "disarm"), pain(app)]);
      return some([way(app, s, "disarm"), pain(app)]);
    },
    leave: () => chart.destroy(),
  };
}
