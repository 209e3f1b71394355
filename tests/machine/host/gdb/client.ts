// gdb's side of the protocol, without gdb: it sends packets and gets answers.

import { Debugger } from "../../../../machine/host/gdb/debugger.ts";
import { GdbSession } from "../../../../machine/host/gdb/gdb.ts";
import type { Run } from "../../../../machine/host/run.ts";
import { defined } from "../../../harness/defined.ts";

/** A packet with text for gdb's console, in hexadecimal. */
const wordsPacket = /^O(?:[0-9a-f]{2})+$/;

/** A gdb that sends what the test says, and waits for each answer. */
export class Gdb {
  readonly run: Run;
  private readonly session: GdbSession;
  private readonly answers: string[] = [];
  /** What was printed at gdb's console. */
  readonly words: string[] = [];
  private received = "";
  private acknowledged = 0;

  /** @param recordedEnd the clock at which the run's recording ends */
  constructor(run: Run, recordedEnd?: bigint) {
    this.run = run;
    const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const debugged = new Debugger(run, [], recordedEnd);
    this.session = new GdbSession(debugged, (text) => this.take(text), breathe);
  }

  async ask(packet: string): Promise<string> {
    let sum = 0;
    for (const letter of packet) {
      sum = (sum + letter.charCodeAt(0)) & 0xff;
    }
    this.sendRaw(`$${packet}#${sum.toString(16).padStart(2, "0")}`);
    return await this.next();
  }

  /** The next answer. */
  async next(): Promise<string> {
    while (this.answers.length === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    return defined(this.answers.shift());
  }

  sendRaw(text: string): void {
    this.session.receive(new TextEncoder().encode(text));
  }

  /** How often a packet was acknowledged, and how often refused. */
  get acknowledgements(): number {
    return this.acknowledged;
  }

  async pc(): Promise<bigint> {
    return await this.register(0x20);
  }

  async register(number: number): Promise<bigint> {
    const text = await this.ask(`p${number.toString(16)}`);
    return BigInt(`0x${defined(text.match(/../g), "a register's value").reverse().join("")}`);
  }

  private take(text: string): void {
    this.received += text;
    for (;;) {
      const packet = /^([+-]*)\$([^#]*)#[0-9a-f]{2}/.exec(this.received);
      if (packet === null) {
        break;
      }
      this.received = this.received.slice(packet[0].length);
      this.acknowledged += defined(packet[1]).length;
      const words = defined(packet[2]);
      if (wordsPacket.test(words)) {
        this.words.push(Buffer.from(words.slice(1), "hex").toString());
        continue;
      }
      this.answers.push(words);
    }
  }
}
