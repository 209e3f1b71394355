// The machine's side of gdb's remote protocol (GDB manual, appendix E). Every hart is a thread, and gdb can go backwards.
//
//     $m80200000,4#5c ─▶ receive ─▶ answer ─▶ $13000000#84        numbers in hexadecimal, memory as pairs of digits
//
// This file answers packets: it tells gdb about the threads, chooses one, runs the machine, and reports why it stopped.
// packets.ts finds packets in the bytes that gdb sends. access.ts has the packets that read or change a hart. debugger.ts is
// what they do to the machine. Nothing here is Node's: bytes come in through `receive`, and go out through the function that
// the constructor was given.

import { HartState } from "../../../build/gen/host/machine/core/hart/hart.ts";
import { activityText, modeText } from "../harts.ts";
import { PC_REGISTER } from "../run.ts";
import {
  breakpoint,
  readMemory,
  readRegister,
  readRegisters,
  writeMemory,
  writeRegister,
  writeRegisters,
} from "./access.ts";
import type { Debugger } from "./debugger.ts";
import { monitor, type Programs, type Question } from "./monitor.ts";
import { PACKET_BYTES_MAX, PacketStream } from "./packets.ts";
import type { DebugStop } from "./stops.ts";
import { canHold, target } from "./target.ts";
import type { Watched } from "./watchpoints.ts";
import {
  bytesOf,
  numberOf,
  REFUSED,
  resumptionsOf,
  smallNumberOf,
  type Thread,
  textDigits,
  threadOf,
  threadText,
} from "./words.ts";

/** After this many instructions a session looks whether gdb wants to interrupt. */
const SLICE_INSTRUCTIONS = 4_000_000n;

const SIGINT = "02";
const SIGTRAP = "05";

/** What a stop at a watchpoint is called. */
const watchNames: Readonly<Record<Watched, string>> = { write: "watch", read: "rwatch", access: "awatch" };

const NO_PROGRAMS: Programs = { names: [], path: () => undefined, read: () => undefined };

/** How a session can differ from the usual. */
export interface GdbOptions {
  /** After this many instructions the session looks whether gdb wants to interrupt. */
  slice?: bigint | undefined;
  /** What `monitor task` knows. */
  programs?: Programs | undefined;
  /** What else `monitor` can ask. */
  questions?: readonly Question[] | undefined;
}

/** How gdb left: it let the machine go on, ended it, or lost the connection. */
export type Leave = "detached" | "killed" | "lost";

export class GdbSession {
  private readonly debugged: Debugger;
  private readonly programs: Programs;
  private readonly questions: readonly Question[];
  private readonly packets: PacketStream;
  /** Lets the host handle what has come meanwhile. */
  private readonly breathe: () => Promise<unknown>;
  private readonly slice: bigint;
  /** The hart whose registers and memory gdb reads. */
  private hart: number;
  /** The hart that `s` and `c` are about, if gdb has chosen one (`Hc`). */
  private resumed: number | undefined;
  /** Interrupts so far, and those before the current packet: they were not for it. */
  private interrupts = 0;
  private interruptsBefore = 0;
  private leaving: Leave | undefined;
  private working: Promise<void> = Promise.resolve();

  constructor(
    debugged: Debugger,
    send: (text: string) => void,
    breathe: () => Promise<unknown>,
    { slice = SLICE_INSTRUCTIONS, programs = NO_PROGRAMS, questions = [] }: GdbOptions = {},
  ) {
    this.slice = slice;
    this.programs = programs;
    this.questions = questions;
    this.debugged = debugged;
    this.hart = debugged.run.machine.bootHart ?? 0;
    this.packets = new PacketStream(
      {
        onPacket: (data) => this.work(() => this.answer(data)),
        onTooLong: () => this.work(async () => REFUSED),
        onInterrupt: () => {
          this.interrupts++;
        },
      },
      send,
    );
    this.breathe = breathe;
  }

  /** Takes bytes from gdb. */
  receive(bytes: Uint8Array): void {
    this.packets.receive(bytes);
  }

  /** Resolves when all packets that have come were answered. */
  async settled(): Promise<void> {
    await this.working;
  }

  /** The connection has ended. Resolves when the machine stands still, with the way in which gdb left. */
  async lose(): Promise<Leave> {
    this.leaving ??= "lost";
    this.interrupts++;
    await this.working;
    return this.leaving;
  }

  /** Answers packets one after the other: one that runs the machine is answered before the next one is looked at. */
  private work(answering: () => Promise<string | undefined>): void {
    const { interrupts } = this;
    this.working = this.working.then(async () => {
      if (this.leaving !== undefined) {
        return;
      }
      this.interruptsBefore = interrupts;
      const answer = await answering();
      if (answer !== undefined) {
        this.packets.send(answer);
      }
    });
  }

  /** The answer to a packet. Undefined: there is no answer. "": the packet is not supported. */
  private async answer(packet: string): Promise<string | undefined> {
    const [command = ""] = packet;
    const words = packet.slice(1);
    switch (command) {
      case "q":
      case "Q":
        return await this.query(packet);
      case "H":
        return this.selectHart(words);
      case "T":
        return this.hartOf(words) === undefined ? REFUSED : "OK";
      case "G":
        return writeRegisters(this.debugged, this.hart, words);
      case "p":
        return readRegister(this.debugged, this.hart, words);
      case "P":
        return writeRegister(this.debugged, this.hart, words);
      case "m":
        return readMemory(this.debugged, this.hart, words);
      case "M":
        return writeMemory(this.debugged, this.hart, words);
      case "Z":
      case "z":
        return breakpoint(this.debugged, this.hart, command === "Z", words);
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
        return readRegisters(this.debugged, this.hart);
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

  private async query(packet: string): Promise<string> {
    if (packet.startsWith("qSupported")) {
      const size = `PacketSize=${PACKET_BYTES_MAX.toString(16)}`;
      return `${size};QStartNoAckMode+;qXfer:features:read+;vContSupported+;ReverseStep+;ReverseContinue+`;
    }
    if (packet === "QStartNoAckMode") {
      this.packets.stopAcknowledging();
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
    if (packet.startsWith("qRcmd,")) {
      return await this.monitor(packet.slice("qRcmd,".length));
    }
    if (!packet.startsWith("qXfer:features:read:")) {
      return "";
    }
    const [, offset, length] = /^qXfer:features:read:target\.xml:([^,]*),([^,]*)$/.exec(packet) ?? [];
    const from = smallNumberOf(offset);
    const count = smallNumberOf(length);
    // The manual has a special error number for this.
    if (from === undefined || count === undefined) {
      return "E00";
    }
    const part = target.slice(from, from + count);
    return `${from + part.length < target.length ? "m" : "l"}${part}`;
  }

  /** `monitor`: the words are in hexadecimal. */
  private async monitor(words: string): Promise<string> {
    const bytes = bytesOf(words);
    if (bytes === undefined) {
      return REFUSED;
    }
    const text = new TextDecoder().decode(bytes);
    for (const line of await monitor(this.debugged, text, this.programs, this.questions)) {
      this.say(line);
    }
    return "OK";
  }

  private describe(hart: number): string {
    const { core } = this.debugged.run.machine;
    const state = `${activityText(core, hart)}, ${modeText(core, hart)} mode`;
    return `hart ${hart}, ${state}, ${core.hartRetired(hart)} instructions`;
  }

  /** `Hg` chooses the hart whose registers and memory are read, `Hc` the one that steps. "Any" and "all" leave it to us. */
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

  /** The hart that a word names. Undefined if it does not name exactly one. */
  private hartOf(word: string): number | undefined {
    const thread = threadOf(word);
    return typeof thread === "number" && this.isThread(thread) ? thread : undefined;
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
    // The first action that names a hart is the hart's. Harts that should stand still go on too: here they always do.
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

  /** Steps a hart. If gdb leaves the choice to us: the hart that it looks at, unless that is stopped. */
  private step(thread: Thread): string {
    return this.stopped(this.debugged.step(typeof thread === "number" ? thread : this.awake(this.hart)));
  }

  /** `c` and `s`, which are older than vCont. They may have an address to go on at. */
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
      const stop = this.debugged.continue(this.slice);
      if (stop !== undefined) {
        return this.stopped(stop);
      }
      await this.breathe();
      if (this.interrupts > this.interruptsBefore) {
        return this.stopped({ reason: "interrupt", hart: this.hart });
      }
    }
  }

  private stopped({ reason, hart, hit }: DebugStop): string {
    this.hart = this.awake(hart);
    if (hit !== undefined) {
      if (hit.hart === undefined) {
        this.say("A device or the firmware made the access, not a hart.");
      }
      return `${this.stopText(SIGTRAP, this.hart)}${watchNames[hit.watched]}:${hit.address.toString(16)};`;
    }
    if (reason === "start") {
      return `${this.stopText(SIGTRAP, this.hart)}replaylog:begin;`;
    }
    if (reason === "end") {
      // Not "the program has exited": gdb would end the session, and could not go back any more.
      this.say("The machine is off. reverse-continue goes back; quit lets it rest.");
      return `${this.stopText(SIGTRAP, this.hart)}replaylog:end;`;
    }
    if (reason === "recorded") {
      this.say("The recording ends here. reverse-continue goes back.");
      return `${this.stopText(SIGTRAP, this.hart)}replaylog:end;`;
    }
    if (reason === "stuck") {
      this.say("Every hart waits, and nothing will wake one.");
    }
    return this.stopText(reason === "interrupt" || reason === "stuck" ? SIGINT : SIGTRAP, this.hart);
  }

  /** Prints a line at gdb's console. */
  private say(line: string): void {
    this.packets.send(`O${textDigits(`${line}\n`)}`);
  }

  /** This hart, or if it is stopped, the first one that is not: there is more to see. */
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
