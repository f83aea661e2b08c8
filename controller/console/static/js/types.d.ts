/* What crosses modules. `Snapshot` is drawn from docs/drawn/snapshot.py: snapshot.d.ts. */

interface Item { key: string; question: string; safe_answer: boolean; severity: string }
interface SyringeFact { name: string; diameter_um: number; capacity_nl: number }
interface CannulaFact { name: string; bore_um: number; length_um: number }
interface ContrastFact { name: string; iodine_mg_ml: number }

/** controller/room_facts.py: what does not change while the room runs. */
interface Facts {
  k: string; room: string; mode: string; order: string;
  temperature_sensor: boolean; console_required: boolean; site_contact: string;
  dead_space_nl: number;
  checklist: Item[]; syringes: SyringeFact[]; cannulas: CannulaFact[]; contrasts: ContrastFact[];
  views: string[];
  limits: Record<string, number>;
}

interface Hello {
  k: "hello"; protocol: string; program: string; pages: string; room: string; mode: string;
  panel: boolean; px_per_mm?: number | null; facts?: Facts;
  login?: string;
}

/** controller/console/worklist.py: a procedure that is scheduled. */
interface Scheduled {
  accession: string; patient_id: string; patient_name: string; birth_date: string; side: string;
  procedure: string; at: string; status: string; performer: string;
}

/** controller/wires/link_stats.py: one link as who watches has seen it. */
interface WireLink {
  questions: number; answers: number; answers_per_s: number; unanswered: number; repeats: number;
  faults: number; last_fault: string; p50_us: number | null; p99_us: number | null; max_us: number | null;
  bins_ms: Record<string, number>; registers: Record<string, number>;
}

/** controller/console/wires.py: a picture of the wires. */
interface Wires {
  k: "wires"; ended: string; lost: number; links: Record<string, WireLink>;
  newest: { at_ms: number; link: string; kind: string; words: string; us: number | null; again: boolean }[];
}

interface Reply {
  number: number; request: string; taken: boolean; refusals: string[];
  /** Of each refusal; empty where it has none (docs/api.md). */
  codes?: string[];
  token?: string;
}

/** Who is in front of this page, as far as it knows. */
interface Who { by: string; role: string; locked: boolean; login: string }

interface Action {
  label: string;
  /** Empty: it may be done now. */
  missing: string[];
  act: () => void;
  /** Needs a press of 300 ms: it gives a permission. */
  guard?: boolean;
  /** Seldom wanted: behind a key of its own. */
  rare?: boolean;
}

interface View {
  root: HTMLElement;
  /** What the hold pad of this screen does; "": there is none. */
  readonly pad: "" | "prime" | "inject" | "expose";
  update: (s: Snapshot) => void;
  next: (s: Snapshot) => Action | null;
  acts?: (s: Snapshot) => Action[];
  /** The pad keeps its place but is not there: nothing is armed yet. */
  away?: (s: Snapshot) => boolean;
  leave?: () => void;
}

/** controller/console/played.py: a closed procedure; times in ms since it began. */
interface Played {
  case: number; closed: boolean; begin_utc_ms: number; span_ms: number; mode: string;
  limits: Record<string, number>;
  of: { patient_name: string; patient_id: string; side: string };
  phases: [number, number, string][];
  /** from, to, name, priority, words */
  alarms: [number, number, string, string, string][];
  events: { t_ms: number; kind: string; what: string; words: string; by: string }[];
  events_left_out: number;
  /** when, duct, low, high */
  volumes: [number, number, number, number][];
  curves: Record<"line_pa" | "net_pa" | "upper_pa" | "flow_nl_min" | "counter_nl" | "force_mn", [number, number | null][]>;
}

interface Window { uPlot?: unknown }
