// A run that a person watches: it goes at the pace of the clock on the wall, stands still, goes back, and takes what is typed.
//
//     0 ─────────── clock ─────────── end          the run stands at `clock`; it went as far as `end`
//                     └ typed here: what came after is void, another run begins
//
// Rows for the picture are made only at the end, where the run goes on to what nobody has seen. A stretch that runs again
// makes the same events, so nothing is listened to there.

import type { Layout } from "../../host/debug/layout.ts";
import { Debugger } from "../../machine/host/gdb/debugger.ts";
import type { MachineSettings } from "../../machine/host/machine.ts";
import type { Chassis } from "../../machine/host/module.ts";
import { type AdvanceState, Run, type RunEvent } from "../../machine/host/run.ts";
import type { Timeline } from "../../machine/host/timeline.ts";
import { Model } from "../picture/model.ts";
import type { RunState } from "../protocol/messages.ts";
import { CLOCK, ROW_NUMBERS } from "../protocol/rows.ts";
import { KernelState } from "./kernel.ts";
import { HartNumbers } from "./numbers.ts";
import { Recorder } from "./recorder.ts";

/** Clocks in which a step ends, and between two moments that are kept, to begin with. */
const REACH = { step: 2_000_000n, moments: 16_000_000n };

/** Clocks of one call into the machine: few milliseconds, unless every hart waits. */
const PIECE = 400_000n;

/** Bytes that wait to be typed. */
const TYPED_MAX = 65_536;

/** Time of the guest in clocks, for each millisecond on the wall. */
const CLOCKS_A_MILLISECOND = 320_000;

/** If the host is slower than the guest's clock, so much is not caught up with. */
const LAG_MAX_MS = 100;

/** Rows, and the names that are new in them. */
interface Made {
  rows: Float64Array;
  names: [number, string][];
}

export class Session {
  readonly run: Run;
  readonly kernel: KernelState;
  readonly numbers: HartNumbers;
  readonly model: Model;
  readonly recorder: Recorder;
  readonly debugger: Debugger;
  readonly timeline: Timeline;
  /** Why the machine does not run on, if it cannot. */
  ended: "off" | "reset" | "stuck" | undefined;
  isPlaying = true;
  /** The clock at which it stands still by itself: the end of a recording, or of a link. */
  stopAt: bigint | undefined;
  /** What is void after this clock, since the last report. */
  branchedAt: bigint | undefined;
  private readonly typed: number[] = [];
  /** What the page has not got yet. */
  private made: Made[] = [];
  private isListening = false;
  /** Until the guest's shell is there, the run is as fast as it can be. */
  private isFast = true;
  private paceFrom: { wall: number; clock: bigint } | undefined;
  private waitsFor: { text: string; seen: string } | undefined;

  constructor(chassis: Chassis, settings: MachineSettings, events: readonly RunEvent[], layout: Layout) {
    this.run = new Run(chassis, settings, events);
    this.kernel = new KernelState(this.run.machine, layout);
    this.model = new Model(settings.harts);
    this.numbers = new HartNumbers(settings.harts, this.run.machine.bootHart);
    this.recorder = new Recorder(this.run.machine, this.kernel, this.numbers);
    this.debugger = new Debugger(this.run, [], undefined, REACH);
    this.timeline = this.debugger.timeline;
    this.run.onByte = (byte) => this.hears(byte);
  }

  get clock(): bigint {
    return this.run.clock;
  }

  get end(): bigint {
    return this.timeline.end;
  }

  get isAtEnd(): boolean {
    return this.clock >= this.end;
  }

  get state(): RunState {
    if (!this.isPlaying) {
      return "paused";
    }
    return this.isAtEnd ? (this.ended ?? "running") : "running";
  }

  /** Runs for about `milliseconds`, or until it has caught up with the wall's clock. */
  advance(milliseconds: number): void {
    const begin = performance.now();
    while (this.isPlaying && !(this.isAtEnd && this.ended !== undefined)) {
      this.type();
      const target = this.target();
      if (target <= this.clock) {
        return;
      }
      this.take(this.goOnTo(target));
      if (this.stopAt !== undefined && this.clock >= this.stopAt) {
        this.isPlaying = false;
        this.stopAt = undefined;
      }
      if (performance.now() - begin > milliseconds) {
        return;
      }
    }
  }

  play(): void {
    this.isPlaying = true;
    this.paceFrom = undefined;
  }

  pause(): void {
    this.isPlaying = false;
    this.waitsFor = undefined;
  }

  /** Goes to a clock and stands there. Beyond the end, that takes a while: `advance` does it. */
  goTo(clock: bigint): void {
    this.pause();
    if (clock > this.end) {
      this.stopAt = clock;
      this.isPlaying = true;
      return;
    }
    this.stopAt = undefined;
    this.hear(false);
    this.timeline.goTo(clock > this.timeline.start ? clock : this.timeline.start);
  }

  /** One instruction of a hart (the kernel's number), forwards or back. */
  step(shown: number, back: boolean): void {
    const hart = this.numbers.machine(shown);
    this.pause();
    if (back) {
      this.hear(false);
      this.debugger.stepBack(hart);
      return;
    }
    this.hear(this.isAtEnd);
    this.debugger.step(hart);
  }

  /** Runs until the console says a text. */
  runTo(text: string): void {
    this.waitsFor = { text, seen: "" };
    this.play();
  }

  /** Takes typed bytes. In the past another run begins with them. */
  input(bytes: Uint8Array): void {
    if (this.typed.length + bytes.length <= TYPED_MAX) {
      this.typed.push(...bytes);
    }
  }

  /** Everything after this moment is void: something is about to be done that another run begins with. */
  branch(): void {
    if (this.isAtEnd && !this.run.hasEventsAhead) {
      return;
    }
    this.collect();
    const clock = Number(this.clock);
    this.made = this.made.map(({ rows, names }) => ({ rows: rowsUntil(rows, clock), names }));
    this.timeline.forgetFuture();
    this.ended = undefined;
    this.stopAt = undefined;
    this.branchedAt = this.clock;
    this.model.truncate(clock);
    this.recorder.resume(this.model, clock);
  }

  /** Takes the rows that were made since the last call, for the page. */
  rows(): Made {
    this.collect();
    const rows = new Float64Array(this.made.reduce((sum, each) => sum + each.rows.length, 0));
    let at = 0;
    for (const each of this.made) {
      rows.set(each.rows, at);
      at += each.rows.length;
    }
    const names = this.made.flatMap((each) => each.names);
    this.made = [];
    return { rows, names };
  }

  /** Brings the model up to date. */
  collect(): void {
    const made = this.recorder.take();
    this.model.add(made.rows, made.names);
    if (made.rows.length > 0) {
      this.made.push(made);
    }
  }

  private type(): void {
    if (!this.isFast) {
      this.typeNow();
    }
  }

  /** What waits to be typed is typed now. */
  typeNow(): void {
    if (this.typed.length === 0) {
      return;
    }
    this.branch();
    while (this.typed[0] !== undefined && this.run.input(this.typed[0])) {
      this.typed.shift();
    }
  }

  /** How far to go now. */
  private target(): bigint {
    const limit = this.stopAt ?? this.clock + PIECE;
    const piece = this.clock + PIECE < limit ? this.clock + PIECE : limit;
    if (this.isFast || this.waitsFor !== undefined || this.stopAt !== undefined) {
      this.paceFrom = undefined;
      return piece;
    }
    const now = performance.now();
    this.paceFrom ??= { wall: now, clock: this.clock };
    const passed = (now - this.paceFrom.wall) * CLOCKS_A_MILLISECOND;
    const due = this.paceFrom.clock + BigInt(Math.floor(passed));
    if (due - this.clock > BigInt(LAG_MAX_MS * CLOCKS_A_MILLISECOND)) {
      this.paceFrom = { wall: now, clock: this.clock };
      return piece;
    }
    return due < piece ? due : piece;
  }

  /** Goes on, listening only beyond the end. Stops at the end, where listening begins. */
  goOnTo(target: bigint): AdvanceState {
    const { end } = this;
    this.hear(this.clock >= end);
    return this.timeline.advanceTo(this.clock < end && end < target ? end : target);
  }

  private take(state: AdvanceState): void {
    if (state === "off" || state === "reset" || state === "stuck") {
      this.ended = state;
    }
    if (state === "stopped") {
      this.isPlaying = false;
    }
  }

  private hear(wanted: boolean): void {
    if (wanted !== this.isListening) {
      this.isListening = wanted;
      this.run.listen(wanted ? (event) => this.recorder.add(event) : undefined);
    }
  }

  /** A byte on the console: the shell's prompt ends the hurry, and a text that is waited for ends the run. */
  private hears(byte: number): boolean {
    this.lastBytes = (this.lastBytes + String.fromCharCode(byte)).slice(-PROMPT.length);
    if (this.isFast && this.lastBytes === PROMPT) {
      this.isFast = false;
    }
    const { waitsFor } = this;
    if (waitsFor === undefined) {
      return false;
    }
    waitsFor.seen = (waitsFor.seen + String.fromCharCode(byte)).slice(-waitsFor.text.length);
    if (waitsFor.seen !== waitsFor.text) {
      return false;
    }
    this.waitsFor = undefined;
    return true;
  }

  private lastBytes = "";
}

/** The rows up to a clock. */
function rowsUntil(rows: Float64Array, clock: number): Float64Array {
  let end = rows.length;
  while (end > 0 && (rows[end - ROW_NUMBERS + CLOCK] ?? 0) > clock) {
    end -= ROW_NUMBERS;
  }
  return rows.slice(0, end);
}

/** What the guest's shell prints when it waits for a command. */
const PROMPT = "nx> ";
