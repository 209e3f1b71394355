// gdb's remote protocol (GDB manual, appendix E), spoken by the machine: every hart is a thread, and it goes backwards.
//
//     $m80200000,4#5c ─▶ receive ─▶ answer ─▶ $13000000#84        numbers in hexadecimal, memory as pairs of digits
//
// This file knows packets and words; what they do is debugger.ts. Nothing here is Node's: bytes come in by `receive` and
// go out by the function that the constructor was given.

import { HartState } from "../../../build/gen/host/machine/core/hart/hart.ts";
import { activityText, modeText } from "../harts.ts";
import { PC_REGISTER } from "../run.ts";
import type { Debugger, DebugStop } from "./debugger.ts";
import { csrOf, PRIVILEGE, REGISTERS, target } from "./target.ts";
import {
  bytesOf,
  checksum,
  digits,
  numberOf,
  packetOf,
  registerOf,
  registerText,
  resumptionsOf,
  smallNumberOf,
  type Thread,
  textDigits,
  threadOf,
  threadText,
} from "./words.ts";

/** Digits of a register. */
const REGISTER_DIGITS = 16;

/** Bytes of one packet: gdb is told. */
const PACKET_BYTES_MAX = 0x4000;

/** Instructions between two looks at whether gdb wants to interrupt. */
const SLICE_INSTRUCTIONS = 4_000_000n;

const INTERRUPT = 0x03;
const PACKET_START = 0x24;
/** What follows the `#` at the end of a packet. */
const CHECKSUM_DIGITS = 2;
/** What was asked for cannot be: it is malformed, names what there is not, or was not offered. */
const REFUSED = "E01";
/** There is no memory. */
const NO_MEMORY = "E14";
const SIGINT = "02";
const SIGTRAP = "05";

/** How gdb went: it let the machine go on, ended it, or was cut off. */
export type Leave = "detached" | "killed" | "lost";

export class GdbSession {
  private readonly debugged: Debugger;
  private readonly send: (text: string) => void;
  /** Lets the host look at what came meanwhile. */
  private readonly breathe: () => Promise<unknown>;
  /** The hart that registers and memory are read of. */
  private hart: number;
  /** The hart that `s` and `c` are about, if gdb has chosen one (`Hc`). */
  private resumed: number | undefined;
  /** The packet that has begun to come. */
  private pending = "";
  /** It is longer than gdb was told that one may be: it is read to its end, and refused. */
  private isTooLong = false;
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
      if (this.pending !== "") {
        this.extend(byte);
      } else if (byte === PACKET_START) {
        this.begin();
      } else if (byte === INTERRUPT) {
        this.interrupts++;
      }
      // Acknowledgements, and what is no packet, are passed over.
    }
  }

  /** One more byte of the packet that comes: `$`, data, `#`, checksum. Data has no `$`: there another one begins. */
  private extend(byte: number): void {
    if (byte === PACKET_START) {
      this.begin();
      return;
    }
    this.pending += String.fromCharCode(byte);
    const end = this.pending.length - CHECKSUM_DIGITS - 1;
    if (this.pending[end] === "#") {
      const packet = this.pending;
      this.pending = "";
      if (this.isTooLong) {
        this.refuse();
      } else {
        this.take(packet.slice(1, end), Number.parseInt(packet.slice(end + 1), 16));
      }
    } else if (end > PACKET_BYTES_MAX) {
      this.isTooLong = true;
      // Where its end may have begun.
      this.pending = `$${this.pending.slice(-CHECKSUM_DIGITS)}`;
    }
  }

  private begin(): void {
    this.pending = "$";
    this.isTooLong = false;
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
    if (this.acknowledges) {
      this.send(isWhole ? "+" : "-");
    }
    if (isWhole) {
      this.work(() => this.answer(data));
    }
  }

  /** A packet that is too long, so that its sum is not known. */
  private refuse(): void {
    if (this.acknowledges) {
      this.send("+");
    }
    this.work(async () => REFUSED);
  }

  /** One after the other: what runs is answered before what comes next is looked at. */
  private work(answering: () => Promise<string | undefined>): void {
    const { interrupts } = this;
    this.working = this.working.then(async () => {
      if (this.leaving !== undefined) {
        return;
      }
      this.interruptsBefore = interrupts;
      const answer = await answering();
      if (answer !== undefined) {
        this.send(packetOf(answer));
      }
    });
  }

  /** The answer to a packet; undefined for none, "" for one that is not understood. */
  private async answer(packet: string): Promise<string | undefined> {
    const [command = ""] = packet;
    const words = packet.slice(1);
    switch (command) {
      case "q":
      case "Q":
        return this.query(packet);
      case "H":
        return this.selectHart(words);
      case "T":
        return this.hartOf(words) === undefined ? REFUSED : "OK";
      case "G":
        return this.writeRegisters(words);
      case "p":
        return this.readOne(smallNumberOf(words));
      case "P":
        return this.writeOne(words);
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
      case "s":
        return await this.resume(command, words);
      case "b":
        if (words === "s") {
          return this.stopped(this.debugged.stepBack(this.resumed ?? this.hart));
        }
        return words === "c" ? this.stopped(this.debugged.continueBack()) : "";
      default:
        return this.plain(packet);
    }
  }

  /** Packets of one letter. */
  private plain(packet: string): string | undefined {
    switch (packet) {
      case "?":
        return this.stopText(SIGTRAP, this.hart);
      case "g":
        return Array.from({ length: REGISTERS }, (_, index) => this.register(index)).join("");
      case "D":
        this.leaving = "detached";
        return "OK";
      case "k":
        this.leaving = "killed";
        return undefined;
      default:
        return /^[?gDk]/.test(packet) ? REFUSED : "";
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
    if (packet === "qAttached") {
      return "1";
    }
    if (packet === "qC") {
      return `QC${threadText(this.hart)}`;
    }
    if (packet === "qfThreadInfo") {
      return `m${Array.from({ length: this.debugged.hartCount }, (_, hart) => threadText(hart)).join(",")}`;
    }
    if (packet === "qsThreadInfo") {
      return "l";
    }
    if (packet.startsWith("qThreadExtraInfo,")) {
      const hart = this.hartOf(packet.slice("qThreadExtraInfo,".length));
      return hart === undefined ? REFUSED : textDigits(this.describe(hart));
    }
    if (!packet.startsWith("qXfer:features:read:")) {
      return "";
    }
    const [, offset, length] = /^qXfer:features:read:target\.xml:([^,]*),([^,]*)$/.exec(packet) ?? [];
    const from = smallNumberOf(offset);
    const count = smallNumberOf(length);
    // The manual has a number of its own for this.
    if (from === undefined || count === undefined) {
      return "E00";
    }
    const part = target.slice(from, from + count);
    return `${from + part.length < target.length ? "m" : "l"}${part}`;
  }

  private describe(hart: number): string {
    const { core } = this.debugged.run.machine;
    const state = `${activityText(core, hart)}, ${modeText(core, hart)} mode`;
    return `hart ${hart}, ${state}, ${core.hartRetired(hart)} instructions`;
  }

  /** `Hg`: whose registers and memory are meant; `Hc`: who steps. Any and all leave the choice to us. */
  private selectHart(words: string): string {
    const [operation = ""] = words;
    const thread = threadOf(words.slice(1));
    if (!/^[cg]$/.test(operation) || thread === undefined || !this.isThread(thread)) {
      return REFUSED;
    }
    const hart = typeof thread === "number" ? thread : undefined;
    if (operation === "c") {
      this.resumed = hart;
    } else {
      this.hart = hart ?? this.hart;
    }
    return "OK";
  }

  private isThread(thread: Thread): boolean {
    return typeof thread !== "number" || thread < this.debugged.hartCount;
  }

  /** The hart that a word names; undefined if it names none, or not one. */
  private hartOf(word: string): number | undefined {
    const thread = threadOf(word);
    return typeof thread === "number" && this.isThread(thread) ? thread : undefined;
  }

  private register(index: number): string {
    return registerText(this.debugged.readRegister(this.hart, index));
  }

  private readOne(number: number | undefined): string {
    if (number === undefined) {
      return REFUSED;
    }
    if (number < REGISTERS) {
      return this.register(number);
    }
    if (number === PRIVILEGE) {
      return registerText(BigInt(this.debugged.run.machine.core.hartMode(this.hart)));
    }
    const csr = csrOf(number);
    return csr === undefined ? REFUSED : registerText(this.debugged.readCsr(this.hart, csr));
  }

  private writeOne(words: string): string {
    const [text, digitsOfValue, ...more] = words.split("=");
    const number = smallNumberOf(text);
    const value = registerOf(digitsOfValue);
    if (number === undefined || value === undefined || more.length > 0) {
      return REFUSED;
    }
    if (!canHold(number, value)) {
      return REFUSED;
    }
    this.debugged.writeRegister(this.hart, number, value);
    return "OK";
  }

  /** All of them, or none. */
  private writeRegisters(words: string): string {
    const values = Array.from({ length: REGISTERS }, (_, index) =>
      registerOf(words.slice(index * REGISTER_DIGITS, (index + 1) * REGISTER_DIGITS)),
    );
    if (words.length !== REGISTERS * REGISTER_DIGITS) {
      return REFUSED;
    }
    if (!values.every((value, index) => value !== undefined && canHold(index, value))) {
      return REFUSED;
    }
    for (const [index, value] of values.entries()) {
      if (value !== undefined) {
        this.debugged.writeRegister(this.hart, index, value);
      }
    }
    return "OK";
  }

  private readMemory(words: string): string {
    const [place, length, ...more] = words.split(",");
    const address = numberOf(place);
    const count = smallNumberOf(length);
    if (address === undefined || count === undefined || more.length > 0) {
      return REFUSED;
    }
    const bytes = this.debugged.readMemory(this.hart, address, Math.min(count, PACKET_BYTES_MAX / 2));
    return bytes.length === 0 && count > 0 ? NO_MEMORY : digits(bytes);
  }

  private writeMemory(words: string): string {
    const [, place, length, data] = /^([^,]*),([^:]*):(.*)$/.exec(words) ?? [];
    const address = numberOf(place);
    const bytes = bytesOf(data ?? "");
    if (address === undefined || bytes === undefined || smallNumberOf(length) !== bytes.length) {
      return REFUSED;
    }
    return this.debugged.writeMemory(this.hart, address, bytes) ? "OK" : NO_MEMORY;
  }

  private breakpoint(isSet: boolean, words: string): string {
    const [kind, place, bytes, ...more] = words.split(",");
    // Software and hardware breakpoints are the same here; watchpoints there are none.
    if (kind !== "0" && kind !== "1") {
      return "";
    }
    const address = numberOf(place);
    if (address === undefined || smallNumberOf(bytes) === undefined || more.length > 0) {
      return REFUSED;
    }
    if (isSet) {
      return this.debugged.setBreakpoint(address) ? "OK" : REFUSED;
    }
    this.debugged.clearBreakpoint(address);
    return "OK";
  }

  private async verbose(packet: string): Promise<string> {
    if (packet === "vCont?") {
      return "vCont;c;C;s;S";
    }
    if (!/^vCont(?:;|$)/.test(packet)) {
      return "";
    }
    const resumptions = resumptionsOf(packet);
    if (!resumptions?.every(({ thread }) => this.isThread(thread))) {
      return REFUSED;
    }
    // The first that names a hart holds for it. Harts that are to stand still go on, too: here they always do.
    for (const { action, thread } of resumptions) {
      if (action === "s") {
        return this.step(thread);
      }
      if (typeof thread !== "number") {
        break;
      }
    }
    return await this.forward();
  }

  /** One instruction of a hart; where gdb leaves the choice to us, of the one that it looks at, if that is not stopped. */
  private step(thread: Thread): string {
    return this.stopped(this.debugged.step(typeof thread === "number" ? thread : this.awake(this.hart)));
  }

  /** `c` and `s`, as they were before vCont: with the address to go on at, if there is one. */
  private async resume(action: string, words: string): Promise<string> {
    const hart = this.resumed ?? this.hart;
    if (words !== "") {
      const address = numberOf(words);
      if (address === undefined || !canHold(PC_REGISTER, address)) {
        return REFUSED;
      }
      this.debugged.writeRegister(hart, PC_REGISTER, address);
    }
    return action === "c" ? await this.forward() : this.stopped(this.debugged.step(hart));
  }

  /** Runs until something stops it. */
  private async forward(): Promise<string> {
    for (;;) {
      const stop = this.debugged.continue(SLICE_INSTRUCTIONS);
      if (stop !== undefined) {
        return this.stopped(stop);
      }
      await this.breathe();
      if (this.interrupts > this.interruptsBefore) {
        return this.stopped({ reason: "interrupt", hart: this.hart });
      }
    }
  }

  private stopped({ reason, hart }: DebugStop): string {
    this.hart = this.awake(hart);
    if (reason === "start") {
      return `${this.stopText(SIGTRAP, this.hart)}replaylog:begin;`;
    }
    if (reason === "end") {
      // Not that the program has exited: gdb would let go of what it still can go back in.
      this.say("The machine is off. reverse-continue goes back; quit lets it rest.");
      return `${this.stopText(SIGTRAP, this.hart)}replaylog:end;`;
    }
    if (reason === "stuck") {
      this.say("Every hart waits, and nothing is left that would wake one.");
    }
    return this.stopText(reason === "interrupt" || reason === "stuck" ? SIGINT : SIGTRAP, this.hart);
  }

  /** Prints a line at gdb's console, before a stop is reported. */
  private say(line: string): void {
    this.send(packetOf(`O${textDigits(`${line}\n`)}`));
  }

  /** This hart, or if it is stopped the first that is not: a person wants to see something. */
  private awake(hart: number): number {
    const { core } = this.debugged.run.machine;
    if (core.hartActivity(hart) !== HartState.Stopped) {
      return hart;
    }
    const harts = Array.from({ length: this.debugged.hartCount }, (_, index) => index);
    return harts.find((each) => core.hartActivity(each) !== HartState.Stopped) ?? hart;
  }

  private stopText(signal: string, hart: number): string {
    return `T${signal}thread:${threadText(hart)};`;
  }
}

/** Whether a register can have that value: the first is always zero, and instructions begin at even addresses. */
function canHold(number: number, value: bigint): boolean {
  if (number === 0) {
    return value === 0n;
  }
  return number === PC_REGISTER ? (value & 1n) === 0n : number < REGISTERS;
}
