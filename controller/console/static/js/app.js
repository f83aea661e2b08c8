/* What the modules share: the line, the newest snapshot, who is in front, what was refused. */

import { Link } from "./link.js";
import { Live } from "./live.js";

const REFUSED_MS = 9000;

export class App {
  constructor() {
    this.live = new Live();
    /** @type {Hello | null} */
    this.hello = null;
    /** @type {Facts | null} */
    this.facts = null;
    /** @type {Who} */
    this.who = { by: "", role: "", locked: false, login: "name" };
    /** The procedure of the record that was chosen in the history. */
    this.chosenCase = 0;
    /** Number of this page's own connection; 0: not told yet. */
    this.connection = 0;
    this.contact = false;
    this.control = false;
    this.pxPerMm = 4.9;
    this.token = "";
    /** @type {string[]} */
    this.refused = [];
    /** What the newest refusals are called (docs/api.md): a page never looks for words.
     *  @type {string[]} */
    this.refusedCodes = [];
    this.refusedAt = 0;
    /** @type {((name: string) => void)} */
    this.open = () => undefined;
    /** Another person for one act: shows the card. @type {(role: string, then: () => void) => void} */
    this.callPerson = (_role, then) => then();
    /** @type {((message: any) => void)[]} */
    this.hearers = [];
    this.link = new Link((message, at) => this.take(message, at), (on) => {
      this.contact = on;
      if (!on) {
        this.control = false;
        this.connection = 0;
      }
      for (const hear of this.hearers) hear({ k: "contact", on });
    });
  }

  /** @param {any} message @param {number} at */
  take(message, at) {
    if (message.k === "snapshot") {
      if (message.hold.phase === "closed" && this.live.snap && this.live.snap.hold.phase !== "closed") this.token = "";
      this.live.take(message, at);
    } else if (message.k === "hello" && message.protocol) {
      this.hello = message;
      if (message.facts) this.facts = message.facts;
      if (message.px_per_mm) this.pxPerMm = message.px_per_mm;
      if (message.login) this.who.login = message.login;
    } else if (message.k === "line") this.connection = message.connection;
    else if (message.k === "reply" && message.token) this.token = message.token;
    for (const hear of this.hearers) hear(message);
  }

  /** Ask the controller; what it refuses is shown in its words.
   *  @param {string} request @param {Record<string, unknown>} [fields] @returns {Promise<boolean>} */
  async ask(request, fields = {}) {
    const reply = await this.link.ask(request, fields);
    if (!reply.taken) this.refuse(reply.refusals, reply.codes);
    else this.refuse([]);
    return reply.taken;
  }

  /** A workflow event. @param {string} event */
  go(event) {
    return this.ask("do", { event });
  }

  /** An act that is the radiologist's: they say who they are first.
   *  @param {() => void} act */
  asRadiologist(act) {
    if (this.who.role === "radiologist" || this.who.role === "physician") act();
    else this.callPerson("radiologist", act);
  }

  /** @param {string[]} words @param {string[]} [codes] */
  refuse(words, codes = []) {
    this.refused = words;
    this.refusedCodes = codes;
    this.refusedAt = performance.now();
  }

  /** The newest refusal was for this. @param {string} code */
  wasRefused(code) {
    return this.refusal.length > 0 && this.refusedCodes.includes(code);
  }

  /** Words of the newest refusal, for a while. */
  get refusal() {
    return performance.now() - this.refusedAt < REFUSED_MS ? this.refused : [];
  }
}
