/* Drawn by docs/generate.py from docs/drawn/snapshot.py. Change that, then `make docs`. */

interface Snapshot {
  k: string;
  n: number;
  t_ms: number;
  room: string;
  mode: string;
  order: string;
  phase: string;
  phase_ms: number;
  next: string;
  actor: string;
  prompt: string;
  waits_for: string[];
  ways: Record<string, string[]>;
  missing: Record<string, string[]>;
  stop: {
    event: string;
    words: string;
    anchor: string;
  };
  case: {
    patient_id: string;
    patient_name: string;
    birth_date: string;
    accession: string;
    side: string;
    ordered_nl: number;
    performer: string;
    assistant: string;
    answered: string[];
    answers: {
      item: string;
      answer: boolean;
      accepted: boolean;
    }[];
  } | null;
  duct: {
    number: number;
    clock_h: number;
    orifice: number;
    difficult: boolean;
    attempt_count: number;
    drop_count: number;
    cannula_in: boolean;
    cannula_in_ms: number | null;
    injection_count: number;
  } | null;
  plan: string;
  hold: {
    phase: string;
    action: string;
    why: string;
    pressed: boolean;
    source: string;
  };
  console: {
    required: boolean;
    on: boolean;
    connection: number;
    drawn_age_ms: number | null;
    gone: boolean;
    holds: boolean;
    quick: boolean;
    up: boolean;
  };
  people: {
    login_required: boolean;
    sessions: {
      connection: number;
      by: string;
      role: string;
      locked: boolean;
      since_ms: number;
      idle_ms: number;
    }[];
  };
  volume: {
    low_nl: number;
    high_nl: number;
    intent_nl: number;
    side_day_low_nl: number;
    side_day_high_nl: number;
    planned_nl: number;
    injected_nl: number;
    withdrawn_nl: number;
    retract_nl: number;
    checkpoint_nl: number;
    duct_limit_nl: number;
  };
  rate: {
    commanded_nl_min: number;
    confirmed_nl_min: number;
  };
  pressure: {
    line_pa: number | null;
    net_pa: number | null;
    net_upper_pa: number | null;
    net_is: string;
    net_kind: string;
    net_doubt: string;
    relaxed_pa: number | null;
    line_age_ms: number | null;
    temperature_mc: number | null;
  };
  mounted: {
    syringe: string;
    cannula: string;
    contrast: string;
    temperature_mc: number | null;
    by: string;
    doubted: boolean;
    confirmed_by: string;
  } | null;
  line: {
    zeroed: boolean;
    primed: boolean;
    prime_nl: number;
    resistance_pa_s_ul: number;
    nominal_pa_s_ul: number;
    compliance_nl_kpa: number;
    tests: {
      name: string;
      passed: boolean;
      measured: number;
      low: number;
      high: number;
      unit: string;
    }[];
  };
  motion: {
    purpose: string;
    from_nl: number;
    until_nl: number;
    top_rate_nl_min: number;
    slowed: boolean;
  } | null;
  exposure: {
    view: string;
    made_count: number;
    stage: string;
    compressed_ms: number | null;
    injected_ms: number | null;
    reconfirmed: boolean;
  };
  locks: {
    patient_id: string;
    side: string;
    locked_until_day: number;
  }[];
  observation_left_s: number;
  calibration: {
    rule: string;
    fault: string;
    found: {
      kind: string;
      subject: string;
      passed: boolean;
      value: number;
      uncertainty_ppm: number;
      made_day: number;
      until_day: number;
    }[];
  };
  daily_check: {
    rule: string;
    valid: boolean;
    left_s: number;
    failed_step: string;
    failed_words: string;
    step: string;
    part: string;
    prompt: string;
    asks: string;
    row: number;
    rows: number;
    age_ms: number;
    within_ms: number;
  };
  dispense: {
    by: string;
    syringe: string;
    volume_nl: number;
    rate_nl_min: number;
    count: number;
    moved_nl: number;
    whole: boolean;
    total_nl: number;
  };
  alarms: {
    name: string;
    priority: string;
    since_ms: number;
    present: boolean;
    acknowledged: boolean;
    acknowledged_by: string;
    value: number | null;
    limit: number;
    unit: string;
    words: string;
    action: string;
  }[];
  sound: {
    never: string;
    signal: string;
    paused_ms: number;
    paused_by: string;
  };
  refused: string[];
  devices: {
    pump: {
      link: string;
      identity: string;
      refusal: string;
      age_ms: number | null;
      bad_frame_count: number;
      motion: string;
      motion_id: number;
      motion_refusal: string;
      prompt: string;
      alarm: string;
      infused_nl: number;
      withdrawn_nl: number;
      exchange_p99_ms: number;
    };
    room: {
      link: string;
      identity: string;
      refusal: string;
      age_ms: number | null;
      bad_frame_count: number;
      trip_cause: string;
      relay_closed: boolean;
      stop_line: boolean;
      emergency_stop: boolean;
      pain_pressed: boolean;
      door_closed: boolean;
      owned: boolean;
    };
    mammograph: {
      link: string;
      identity: string;
      refusal: string;
      age_ms: number | null;
      bad_frame_count: number;
      unit_state: string;
      paddle: string;
      force_mn: number;
      thickness_um: number;
      exposure_count: number;
    };
    line: {
      link: string;
      identity: string;
      refusal: string;
      age_ms: number | null;
      bad_frame_count: number;
    };
  };
  clock: {
    sync: string;
    step_count: number;
    step_ms: number;
  };
  journal: {
    durable_seq: number;
    seq: number;
    fault: string;
  };
}
