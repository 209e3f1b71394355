// A debugger of a few requests, for QEMU's gdb stub and ours: stop, look, change, go on. For tests that have to break
// something that cannot be broken from inside, and for those of the stub itself.
//
// The protocol is the GDB Remote Serial Protocol: `$text#checksum`, answered by `+` and an answer of the same shape; a
// machine that runs answers nothing until it stops. One request is under way at a time.

import { createConnection, type Socket } from "node:net";
import { defined } from "./defined.ts";

/** General registers by number (x1 is ra, x2 sp, x4 tp), then pc. */
export const registers = { ra: 1, sp: 2, tp: 4, pc: 32 } as const;

const REGISTER_DIGITS = 16;
const CONNECT_TRIES_MAX = 200;
const CONNECT_PAUSE_MS = 20;
const INTERRUPT_BYTE = 3;
const wordsPacket = /^O(?:[0-9a-f]{2})+$/;

export class Gdb {
  private readonly socket: Socket;
  private received = "";
  private waiting: ((packet: string | undefined) => void) | undefined;
  private readonly packets: string[] = [];
  private isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1").on("data", (text: string) => this.feed(text));
    const close = (): void => {
      this.isClosed = true;
      this.waiting?.(undefined);
    };
    socket.on("close", close).on("error", close);
  }

  /** Connects to the stub at a Unix socket, or at a port of this host, which may not be there yet. */
  static async connect(path: string | number): Promise<Gdb> {
    for (let tries = 1; ; tries++) {
      try {
        return new Gdb(await open(path));
      } catch (error) {
        if (tries === CONNECT_TRIES_MAX) {
          throw error;
        }
        await new Promise((resolve) => setTimeout(resolve, CONNECT_PAUSE_MS));
      }
    }
  }

  /** Sends a request and gives its answer; undefined when the machine is gone. */
  async ask(request: string): Promise<string | undefined> {
    this.send(request);
    return await this.next();
  }

  /** Sends a request that has no answer. */
  send(request: string): void {
    const sum = [...request].reduce((total, letter) => (total + letter.charCodeAt(0)) & 0xff, 0);
    this.socket.write(`$${request}#${sum.toString(16).padStart(2, "0")}`, "latin1");
  }

  private feed(text: string): void {
    this.received += text;
    for (;;) {
      const found = /^[^$]*\$([^#]*)#../s.exec(this.received);
      if (!found) {
        return;
      }
      this.received = this.received.slice(found[0].length);
      this.socket.write("+");
      const packet = defined(found[1]);
      // Words for a person, in hexadecimal: no answer.
      if (wordsPacket.test(packet)) {
        continue;
      }
      const waiting = this.waiting;
      this.waiting = undefined;
      if (waiting) {
        waiting(packet);
      } else {
        this.packets.push(packet);
      }
    }
  }

  private async next(): Promise<string | undefined> {
    const ready = this.packets.shift();
    if (ready !== undefined || this.isClosed) {
      return ready;
    }
    return await new Promise((resolve) => {
      this.waiting = (packet) => resolve(packet);
    });
  }

  /** The harts, as the stub numbers them. */
  async harts(): Promise<string[]> {
    const answer = defined(await this.ask("qfThreadInfo"), "an answer");
    return answer.startsWith("m") ? answer.slice(1).split(",") : [];
  }

  /** Registers x0 to x31 and pc of a hart. */
  async registers(hart: string): Promise<bigint[]> {
    await this.ask(`Hg${hart}`);
    const hex = defined(await this.ask("g"), "an answer");
    const all: bigint[] = [];
    for (
      let at = 0;
      at + REGISTER_DIGITS <= hex.length && all.length <= registers.pc;
      at += REGISTER_DIGITS
    ) {
      all.push(Buffer.from(hex.slice(at, at + REGISTER_DIGITS), "hex").readBigUInt64LE());
    }
    return all;
  }

  /** Sets one register of a hart. */
  async setRegister(hart: string, register: number, value: bigint): Promise<void> {
    await this.ask(`Hg${hart}`);
    const hex = defined(await this.ask("g"), "an answer");
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(value);
    const at = register * REGISTER_DIGITS;
    await this.expectOk(`G${hex.slice(0, at)}${bytes.toString("hex")}${hex.slice(at + REGISTER_DIGITS)}`);
  }

  /** Writes memory, at an address as that hart sees it. */
  async write(hart: string, address: bigint, bytes: Uint8Array): Promise<void> {
    await this.ask(`Hg${hart}`);
    const hex = Buffer.from(bytes).toString("hex");
    await this.expectOk(`M${address.toString(16)},${bytes.length.toString(16)}:${hex}`);
  }

  /** Every hart stops where one of them reaches `address`. */
  async breakAt(address: bigint): Promise<void> {
    await this.expectOk(`Z0,${address.toString(16)},4`);
  }

  async clearBreak(address: bigint): Promise<void> {
    await this.expectOk(`z0,${address.toString(16)},4`);
  }

  private async expectOk(request: string): Promise<void> {
    const answer = await this.ask(request);
    if (answer !== "OK") {
      throw new Error(`the stub answers ${answer} to ${request.slice(0, 60)}`);
    }
  }

  /** Lets all harts run; comes back when they stop. The answer of the stub, or undefined when the machine is gone. */
  async run(): Promise<string | undefined> {
    return await this.ask("c");
  }

  /** As `run`, but only these harts go on. */
  async runOnly(harts: readonly string[]): Promise<string | undefined> {
    return await this.ask(["vCont", ...harts.map((hart) => `c:${hart}`)].join(";"));
  }

  /** Makes a machine that runs stop: `run` then comes back. */
  interrupt(): void {
    this.socket.write(Buffer.from([INTERRUPT_BYTE]));
  }

  close(): void {
    this.socket.destroy();
  }
}

function open(path: string | number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = typeof path === "number" ? createConnection(path, "127.0.0.1") : createConnection(path);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
    socket.once("error", reject);
  });
}
