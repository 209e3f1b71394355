// gdb's remote protocol (GDB manual, appendix E), spoken by the machine: every hart is a thread, and it goes backwards.
//
//     $m80200000,4#5c ─▶ receive ─▶ answer ─▶ $13000000#84        numbers in hexadecimal, memory as pairs of digits
//
// This file knows packets and words; what they do is debugger.ts. Nothing here is Node's: bytes come in by `receive` and
// go out by the function that the constructor was given.

import type { Debugger, DebugStop } from "./debugger.ts";
import { activities } from "./harts.ts";
import { PC_REGISTER } from "./run.ts";

/** Registers in gdb's numbering: x0 to x31, pc. */
const REGISTERS = PC_REGISTER + 1;
const REGISTER_DIGITS = 16;

/** Bytes of one packet. */
const PACKET_BYTES_MAX = 0x4000;

/** Instructions between two looks at whether gdb wants to interrupt. */
const SLICE_INSTRUCTIONS = 4_000_000n;

/** What `hartActivity` says of a hart that was never started, or stopped. */
const STOPPED = 2;

const INTERRUPT = 0x03;
const PACKET_START = 0x24;
/** What follows the `#` at the end of a packet. */
const CHECKSUM_DIGITS = 2;
const SIGINT = "02";
const SIGTRAP = "05";

/** How gdb numbers a CSR, and the privilege mode (gdb's riscv-tdep.h). */
const CSR_FIRST = 65;
const PRIVILEGE = CSR_FIRST + 4096;

/** The CSRs that gdb sees, by number (privileged architecture, chapter 2). */
const csrs: Record<string, number> = {
  sstatus: 0x100,
  sie: 0x104,
  stvec: 0x105,
  scounteren: 0x106,
  sscratch: 0x140,
  sepc: 0x141,
  scause: 0x142,
  stval: 0x143,
  sip: 0x144,
  stimecmp: 0x14d,
  satp: 0x180,
  mstatus: 0x300,
  medeleg: 0x302,
  mideleg: 0x303,
  mie: 0x304,
  mtvec: 0x305,
  mscratch: 0x340,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
  mip: 0x344,
  cycle: 0xc00,
  time: 0xc01,
  instret: 0xc02,
};

const general = Array.from({ length: REGISTERS }, (_, index) =>
  index === PC_REGISTER ? registerLine("pc", index, "code_ptr") : registerLine(`x${index}`, index),
);
const target = `<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">
<architecture>riscv:rv64</architecture>
<feature name="org.gnu.gdb.riscv.cpu">${general.join("")}</feature>
<feature name="org.gnu.gdb.riscv.csr">${Object.entries(csrs)
  .map(([name, number]) => registerLine(name, CSR_FIRST + number))
  .join("")}</feature>
<feature name="org.gnu.gdb.riscv.virtual">${registerLine("priv", PRIVILEGE)}</feature></target>`;

/** How gdb went: it let the machine go on, ended it, or was cut off. */
export type Leave = "detached" | "killed" | "lost";

export class GdbSession {
  private readonly debugged: Debugger;
  private readonly send: (text: string) => void;
  /** Lets the host look at what came meanwhile. */
  private readonly breathe: () => Promise<unknown>;
  /** The hart that registers and memory are read of. */
  private hart: number;
  /** The packet that has begun to come. */
  private pending = "";
  private acknowledges = true;
  /** Interrupts that came, and how many of them had when the packet that is worked on came: those were not for it. */
  private interrupts = 0;
  private interruptsBefore = 0;
  private leaving: Leave | undefined;
  private working: Promise<void> = Promise.resolve();

  constructor(debugged: Debugger, send: (text: string) => void, breathe: () => Promise<unknown>) {
    this.debugged = debugged;
    this.hart = debugged.run.machine.bootHart ?? 0;
    this.send = send;
    this.breathe = breathe;
  }

  /** Takes what gdb sent: packets, acknowledgements, an interrupt. */
  receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.pending !== "") this.extend(byte);
      else if (byte === PACKET_START) this.pending = String.fromCharCode(byte);
      else if (byte === INTERRUPT) this.interrupts++;
      // Acknowledgements, and what is no packet, are passed over.
    }
  }

  /** One more byte of the packet that comes: `$`, data, `#`, checksum. */
  private extend(byte: number): void {
    this.pending += String.fromCharCode(byte);
    const end = this.pending.length - CHECKSUM_DIGITS - 1;
    if (this.pending[end] === "#") {
      const packet = this.pending;
      this.pending = "";
      this.take(packet.slice(1, end), Number.parseInt(packet.slice(end + 1), 16));
    } else if (this.pending.length > PACKET_BYTES_MAX * 2) {
      this.pending = "";
    }
  }

  /** The connection is gone. Resolves when the machine stands still, with how gdb went. */
  async lose(): Promise<Leave> {
    this.leaving ??= "lost";
    this.interrupts++;
    await this.working;
    return this.leaving;
  }

  private take(data: string, sum: number): void {
    const isWhole = checksum(data) === sum;
    if (this.acknowledges) this.send(isWhole ? "+" : "-");
    if (!isWhole) return;
    const { interrupts } = this;
    // One after the other: what runs is answered before what comes next is looked at.
    this.working = this.working.then(async () => {
      if (this.leaving !== undefined) return;
      this.interruptsBefore = interrupts;
      const answer = await this.answer(data);
      if (answer !== undefined) this.sendPacket(answer);
    });
  }

  private sendPacket(text: string): void {
    this.send(`$${text}#${hex(checksum(text), 2)}`);
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
        const [text = "", value = ""] = words.split("=");
        const number = Number.parseInt(text, 16);
        if (!(number < REGISTERS)) return "E01";
        this.debugged.writeRegister(this.hart, number, littleEndian(value));
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
        this.leaving = "detached";
        return "OK";
      case "k":
        this.leaving = "killed";
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
    const activity = activities[core.hartActivity(hart)] ?? "";
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
    if (number < REGISTERS) return this.register(number);
    if (number === PRIVILEGE) return registerText(BigInt(this.debugged.run.machine.core.hartMode(this.hart)));
    return isCsr(number) ? registerText(this.debugged.readCsr(this.hart, number - CSR_FIRST)) : "E01";
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
    for (;;) {
      const stop = this.debugged.continue(SLICE_INSTRUCTIONS);
      if (stop !== undefined) return this.stopped(stop);
      await this.breathe();
      if (this.interrupts > this.interruptsBefore)
        return this.stopped({ reason: "interrupt", hart: this.hart });
    }
  }

  private stopped({ reason, hart }: DebugStop): string {
    this.hart = this.awake(hart);
    if (reason === "start") return `${this.stopText(SIGTRAP, this.hart)}replaylog:begin;`;
    if (reason === "end") {
      // Not that the program has exited: gdb would let go of what it still can go back in.
      this.say("The machine is off. reverse-continue goes back; quit lets it rest.");
      return `${this.stopText(SIGTRAP, this.hart)}replaylog:end;`;
    }
    if (reason === "stuck") this.say("Every hart waits, and nothing is left that would wake one.");
    return this.stopText(reason === "interrupt" || reason === "stuck" ? SIGINT : SIGTRAP, this.hart);
  }

  /** Prints a line at gdb's console, before a stop is reported. */
  private say(line: string): void {
    this.sendPacket(`O${textDigits(`${line}\n`)}`);
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

function registerLine(name: string, number: number, type = "int"): string {
  return `<reg name="${name}" bitsize="64" type="${type}" regnum="${number}"/>`;
}

function isCsr(number: number): boolean {
  return Object.values(csrs).includes(number - CSR_FIRST);
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
