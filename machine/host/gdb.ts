// gdb's remote protocol (GDB manual, appendix E), spoken by the machine: every hart is a thread, and it goes backwards.
//
//     $m80200000,4#5c ─▶ receive ─▶ answer ─▶ $13000000#84        numbers in hexadecimal, memory as pairs of digits
//
// This file knows packets and words; what they do is debugger.ts. Nothing here is Node's: bytes come in by `receive` and
// go out by the function that the constructor was given.

import type { Debugger, DebugStop } from "./debugger.ts";

/** Registers in gdb's numbering: x0 to x31, pc. */
const REGISTERS = 33;
const REGISTER_DIGITS = 16;

/** Bytes of one packet. */
const PACKET_BYTES_MAX = 0x4000;

/** Instructions between two looks at whether gdb wants to interrupt. */
const SLICE_INSTRUCTIONS = 4_000_000n;

/** What `hartActivity` says of a hart that was never started, or stopped. */
const STOPPED = 2;

const INTERRUPT = 0x03;
const SIGINT = "02";
const SIGTRAP = "05";

const target = `<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">
<architecture>riscv:rv64</architecture><feature name="org.gnu.gdb.riscv.cpu">${Array.from(
  { length: REGISTERS },
  (_, index) =>
    `<reg name="${index === 32 ? "pc" : `x${index}`}" bitsize="64" type="${index === 32 ? "code_ptr" : "int"}"/>`,
).join("")}</feature></target>`;

export class GdbSession {
  private readonly debugged: Debugger;
  private readonly send: (text: string) => void;
  /** Lets the host look at what came meanwhile. */
  private readonly breathe: () => Promise<unknown>;
  /** The hart that registers and memory are read of. */
  private hart: number;
  private pending = "";
  private acknowledges = true;
  private interrupted = false;
  /** gdb has gone, or wants the machine to end. */
  private left = false;
  private working: Promise<void> = Promise.resolve();

  constructor(debugged: Debugger, send: (text: string) => void, breathe: () => Promise<unknown>) {
    this.debugged = debugged;
    this.hart = debugged.run.machine.bootHart ?? 0;
    this.send = send;
    this.breathe = breathe;
  }

  get isOver(): boolean {
    return this.left;
  }

  /** Takes what gdb sent: packets, acknowledgements, an interrupt. */
  receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === INTERRUPT && this.pending === "") this.interrupted = true;
      else this.pending += String.fromCharCode(byte);
    }
    if (this.pending.length > PACKET_BYTES_MAX * 2) this.pending = "";
    for (;;) {
      const packet = /^[^$]*\$([^#]*)#([0-9a-fA-F]{2})/.exec(this.pending);
      if (packet === null) break;
      this.pending = this.pending.slice(packet[0].length);
      this.take(packet[1] ?? "", Number.parseInt(packet[2] ?? "", 16));
    }
    if (!this.pending.includes("$")) this.pending = "";
  }

  /** gdb has gone. */
  leave(): void {
    this.left = true;
    this.interrupted = true;
  }

  private take(data: string, sum: number): void {
    const isWhole = checksum(data) === sum;
    if (this.acknowledges) this.send(isWhole ? "+" : "-");
    if (!isWhole) return;
    // One after the other: what runs is answered before what comes next is looked at.
    this.working = this.working.then(async () => {
      if (this.left) return;
      const answer = await this.answer(data);
      if (answer !== undefined) this.send(`$${answer}#${hex(checksum(answer), 2)}`);
    });
  }

  /** The answer to a packet; undefined for none, "" for one that is not understood. */
  private async answer(packet: string): Promise<string | undefined> {
    const [command = ""] = packet;
    const words = packet.slice(1);
    switch (command) {
      case "?":
        return this.stopText(SIGTRAP, this.hart);
      case "q":
      case "Q":
        return this.query(packet);
      case "H":
        return this.selectHart(words);
      case "T":
        return this.isHart(threadOf(words)) ? "OK" : "E01";
      case "g":
        return Array.from({ length: REGISTERS }, (_, index) => this.register(index)).join("");
      case "G":
        for (let index = 0; index < REGISTERS; index++) {
          this.debugged.writeRegister(
            this.hart,
            index,
            littleEndian(words.slice(index * 16, index * 16 + 16)),
          );
        }
        return "OK";
      case "p":
        return this.readOne(Number.parseInt(words, 16));
      case "P": {
        const [number = "", value = ""] = words.split("=");
        this.debugged.writeRegister(this.hart, Number.parseInt(number, 16), littleEndian(value));
        return "OK";
      }
      case "m":
        return this.readMemory(words);
      case "M":
        return this.writeMemory(words);
      case "Z":
      case "z":
        return this.breakpoint(command === "Z", words);
      case "v":
        return await this.verbose(packet);
      case "c":
        return await this.forward();
      case "s":
        return this.stopped(this.debugged.step(this.hart));
      case "b":
        if (words === "s") return this.stopped(this.debugged.stepBack(this.hart));
        return words === "c" ? this.stopped(this.debugged.continueBack()) : "";
      case "D":
        this.left = true;
        return "OK";
      case "k":
        this.left = true;
        return undefined;
      default:
        return "";
    }
  }

  private query(packet: string): string {
    if (packet.startsWith("qSupported")) {
      const size = `PacketSize=${PACKET_BYTES_MAX.toString(16)}`;
      return `${size};QStartNoAckMode+;qXfer:features:read+;vContSupported+;ReverseStep+;ReverseContinue+`;
    }
    if (packet === "QStartNoAckMode") {
      this.acknowledges = false;
      return "OK";
    }
    if (packet === "qAttached") return "1";
    if (packet === "qC") return `QC${threadText(this.hart)}`;
    if (packet === "qfThreadInfo") {
      return `m${Array.from({ length: this.debugged.hartCount }, (_, hart) => threadText(hart)).join(",")}`;
    }
    if (packet === "qsThreadInfo") return "l";
    if (packet.startsWith("qThreadExtraInfo,")) {
      const hart = threadOf(packet.slice("qThreadExtraInfo,".length));
      return this.isHart(hart) ? textDigits(this.describe(hart)) : "E01";
    }
    const [, offset, length] = /^qXfer:features:read:target\.xml:([0-9a-f]+),([0-9a-f]+)$/.exec(packet) ?? [];
    if (offset === undefined || length === undefined) return "";
    const from = Number.parseInt(offset, 16);
    const part = target.slice(from, from + Number.parseInt(length, 16));
    return `${from + part.length < target.length ? "m" : "l"}${part}`;
  }

  private describe(hart: number): string {
    const { core } = this.debugged.run.machine;
    const activity = ["runs", "waits", "stopped"][core.hartActivity(hart)] ?? "";
    const mode = ["user", "supervisor", "", "machine"][core.hartMode(hart)] ?? "";
    return `hart ${hart}, ${activity}, ${mode} mode, ${core.hartRetired(hart)} instructions`;
  }

  private selectHart(words: string): string {
    const hart = threadOf(words.slice(1));
    // 0 and -1 mean any thread and all of them.
    if (hart < 0) return "OK";
    if (!this.isHart(hart)) return "E01";
    this.hart = hart;
    return "OK";
  }

  private isHart(hart: number): boolean {
    return hart >= 0 && hart < this.debugged.hartCount;
  }

  private register(index: number): string {
    return registerText(this.debugged.readRegister(this.hart, index));
  }

  private readOne(number: number): string {
    return number < REGISTERS ? this.register(number) : "E01";
  }

  private readMemory(words: string): string {
    const [address = "", length = ""] = words.split(",");
    const count = Math.min(Number.parseInt(length, 16), PACKET_BYTES_MAX / 2);
    const bytes = this.debugged.readMemory(this.hart, BigInt(`0x${address}`), count);
    return bytes.length === 0 && count > 0 ? "E14" : digits(bytes);
  }

  private writeMemory(words: string): string {
    const [place = "", data = ""] = words.split(":");
    const [address = ""] = place.split(",");
    const bytes = Uint8Array.from(data.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    return this.debugged.writeMemory(this.hart, BigInt(`0x${address}`), bytes) ? "OK" : "E14";
  }

  private breakpoint(isSet: boolean, words: string): string {
    const [kind = "", address = ""] = words.split(",");
    // Software and hardware breakpoints are the same here; watchpoints there are none.
    if (kind !== "0" && kind !== "1") return "";
    if (isSet) this.debugged.setBreakpoint(BigInt(`0x${address}`));
    else this.debugged.clearBreakpoint(BigInt(`0x${address}`));
    return "OK";
  }

  private async verbose(packet: string): Promise<string> {
    if (packet === "vCont?") return "vCont;c;C;s;S";
    const [, action, thread] = /^vCont;([csCS])[0-9a-f]*(?::([0-9a-f]+))?/.exec(packet) ?? [];
    if (action === undefined) return "";
    if (action === "c" || action === "C") return await this.forward();
    const hart = thread === undefined ? this.hart : threadOf(thread);
    return this.isHart(hart) ? this.stopped(this.debugged.step(hart)) : "E01";
  }

  /** Runs until something stops it. */
  private async forward(): Promise<string> {
    this.interrupted = false;
    for (;;) {
      const stop = this.debugged.continue(SLICE_INSTRUCTIONS);
      if (stop !== undefined) return this.stopped(stop);
      await this.breathe();
      if (this.interrupted) return this.stopped({ reason: "interrupt", hart: this.hart });
    }
  }

  private stopped({ reason, hart }: DebugStop): string {
    if (reason === "end") return "W00";
    this.hart = this.awake(hart);
    if (reason === "start") return `${this.stopText(SIGTRAP, this.hart)}replaylog:begin;`;
    return this.stopText(reason === "interrupt" ? SIGINT : SIGTRAP, this.hart);
  }

  /** This hart, or if it is stopped the first that is not: a person wants to see something. */
  private awake(hart: number): number {
    const { core } = this.debugged.run.machine;
    if (core.hartActivity(hart) !== STOPPED) return hart;
    const harts = Array.from({ length: this.debugged.hartCount }, (_, index) => index);
    return harts.find((each) => core.hartActivity(each) !== STOPPED) ?? hart;
  }

  private stopText(signal: string, hart: number): string {
    return `T${signal}thread:${threadText(hart)};`;
  }
}

/** Threads count from 1. */
function threadText(hart: number): string {
  return (hart + 1).toString(16);
}

function threadOf(text: string): number {
  return text.startsWith("-") ? -1 : Number.parseInt(text, 16) - 1;
}

function checksum(data: string): number {
  let sum = 0;
  for (let index = 0; index < data.length; index++) sum = (sum + data.charCodeAt(index)) & 0xff;
  return sum;
}

function hex(value: number, length: number): string {
  return value.toString(16).padStart(length, "0");
}

function digits(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => hex(byte, 2)).join("");
}

function textDigits(text: string): string {
  return digits(new TextEncoder().encode(text));
}

/** A register as gdb wants it: 16 digits, lowest byte first. */
function registerText(value: bigint): string {
  const pairs = value.toString(16).padStart(REGISTER_DIGITS, "0").match(/../g) ?? [];
  return pairs.reverse().join("");
}

function littleEndian(text: string): bigint {
  const pairs = text.match(/../g) ?? [];
  return BigInt(`0x${pairs.reverse().join("") || "0"}`);
}
