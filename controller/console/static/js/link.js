/* The socket to the console's server (docs/console-protocol.md). A raw WebSocket: what cannot
   be sent now is not sent. Nothing is queued, nothing is sent again after a break. */

const PROTOCOL = "galacto.1";
const AGAIN_MS = 700;
/** More than this unsent: the line is not taking it, a hold ends. */
const UNSENT_MOST_BYTES = 512;

export class Link {
  /** @param {(message: any, at: number) => void} heard @param {(on: boolean) => void} contact */
  constructor(heard, contact) {
    this.heard = heard;
    this.contact = contact;
    this.number = 0;
    this.epoch = 0;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {Map<number, (reply: Reply) => void>} */
    this.waiting = new Map();
    this.open();
  }

  open() {
    const socket = new WebSocket(`ws://${location.host}/ws`, PROTOCOL);
    this.socket = socket;
    socket.onopen = () => {
      this.epoch += 1;
      this.contact(true);
    };
    socket.onmessage = (event) => this.take(JSON.parse(event.data));
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      for (const answer of this.waiting.values()) {
        answer({ number: 0, request: "", taken: false, refusals: [] });
      }
      this.waiting.clear();
      this.contact(false);
      setTimeout(() => this.open(), AGAIN_MS);
    };
  }

  /** @param {any} message */
  take(message) {
    if (message.k === "reply" && this.waiting.has(message.number)) {
      const answer = /** @type {(reply: Reply) => void} */ (this.waiting.get(message.number));
      this.waiting.delete(message.number);
      answer(message);
    }
    this.heard(message, performance.now());
  }

  /** The line takes a message now. */
  get ready() {
    const socket = this.socket;
    return socket !== null && socket.readyState === WebSocket.OPEN
      && socket.bufferedAmount <= UNSENT_MOST_BYTES;
  }

  /** @param {object} message @returns {boolean} whether it was handed to an open line */
  send(message) {
    if (this.socket === null || this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** A request of docs/api.md. @param {string} request @param {Record<string, unknown>} fields
   *  @returns {Promise<Reply>} */
  ask(request, fields = {}) {
    this.number += 1;
    const number = this.number;
    return new Promise((answer) => {
      this.waiting.set(number, answer);
      if (!this.send({ k: "ask", number, body: { request, ...fields } })) {
        this.waiting.delete(number);
        answer({ number, request, taken: false, refusals: [] });
      }
    });
  }

  /** STOP: no condition, no confirmation, nobody has to be logged in. */
  stop() {
    return this.send({ k: "stop" });
  }
}
