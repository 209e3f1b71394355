// Runs the paths of source/apps/bench and notes what each round cost on each hart.
//
//     benchOperation(name) ── benchBegin… ── path ── benchEnd… ── benchBegin… ── … ── benchOperation(next)
//
// The labels are symbols of that program. Other tasks have code at the same addresses, so a stop counts only if the bytes
// there are those of the program.

import { readElf } from "../../host/elf.ts";
import { Problem } from "../../host/problem.ts";
import { readProgram } from "../../machine/host/program.ts";
import type { Run } from "../../machine/host/run.ts";
import { Counter } from "./counter.ts";
import { programOf } from "./disk.ts";
import { codeAt, hasBytes, readVirtual } from "./memory.ts";
import { CLOCK_MAX, type Subject, startRun } from "./run.ts";
import type { Where } from "./where.ts";

const OPERATION = "benchOperation";
const A0 = 10;
const A1 = 11;
/** An AssemblyScript string has its length in bytes here, before its first character. */
const STRING_LENGTH_OFFSET = -4n;
const NAME_BYTES_MAX = 256;

/** How a run is watched while it is measured. */
export interface Watch {
  /** What a path costs is what this counts. Default: the instructions of each hart. */
  counter?: (run: Run) => PathCounter;
  /** The counter wants to look after so many instructions of all harts. */
  slice?: bigint;
  /** An operation whose every instruction is reported, and the listener. */
  watched?: { operation: string; where: (run: Run, counter: Counter) => Where };
  /** Called at the end, with everything that the program printed. */
  printed?: (text: string) => void;
}

/** Something that a path costs on each hart. */
export interface PathCounter {
  count(hart: number): number;
  counts(): number[];
  /** Called after each slice. */
  look?(): void;
}

/** The cost of one operation in each round that counts. */
export interface Samples {
  name: string;
  /** On the hart where the path begins and ends. */
  rounds: number[];
  /** On the other hart, if a second one took part. */
  otherRounds: number[];
}

/** The round in the middle. */
export function median(rounds: readonly number[]): number {
  const sorted = rounds.toSorted((one, other) => one - other);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** A label, and the code at it. */
interface Label {
  name: string;
  code: Uint8Array;
}

/** A round that has begun: on which hart, and the count of each hart at that time. */
interface Begun {
  hart: number;
  counts: number[];
  /** Harts that have come to the end of the round. */
  ended: Set<number>;
}

/**
 * Runs one part of the program. Returns the operations that it measured.
 *
 * @throws Problem if the program does not come to its end
 */
export function measurePaths(subject: Subject, harts: number, part: string, watch: Watch = {}): Samples[] {
  const run = startRun(subject, harts, `bench ${part}`);
  const labels = readLabels(programOf(subject, "bench"));
  for (const address of labels.keys()) {
    run.machine.core.addBreakpoint(address);
  }
  const counter = new Counter(run);
  const cost: PathCounter = watch.counter?.(run) ?? counter;
  const paths = new Paths(cost);
  const where = watch.watched?.where(run, counter);
  for (;;) {
    const onTheWay = where === undefined ? [] : paths.onTheWay(watch.watched?.operation);
    where?.stand(onTheWay);
    const step = onTheWay.length > 0 ? 1n : watch.slice;
    const state = run.advanceTo(step === undefined ? CLOCK_MAX : run.clock + step);
    where?.moved();
    cost.look?.();
    if (state === "breakpoint") {
      const hart = run.machine.core.stoppedHart() >>> 0;
      const pc = BigInt.asUintN(64, run.machine.core.hartPc(hart));
      const label = labels.get(pc);
      if (label !== undefined && hasBytes(run, hart, pc, label.code)) {
        take(run, paths, hart, label.name);
      }
    } else if (state !== "running") {
      requireEnd(run, state);
      watch.printed?.(new TextDecoder().decode(run.consoleBytes));
      return paths.samples;
    }
  }
}

function take(run: Run, paths: Paths, hart: number, label: string): void {
  if (label === OPERATION) {
    paths.operation(readName(run, hart), Number(run.machine.core.readRegister(hart, A1)));
  } else if (label.startsWith("benchBegin")) {
    paths.begin(hart);
  } else {
    paths.end(hart);
  }
}

/** Sorts rounds by operation. */
class Paths {
  readonly samples: Samples[] = [];
  private readonly counter: PathCounter;
  private begun: Begun | undefined;
  private warmRounds = 0;

  constructor(counter: PathCounter) {
    this.counter = counter;
  }

  operation(name: string, warmRounds: number): void {
    this.samples.push({ name, rounds: [], otherRounds: [] });
    this.warmRounds = warmRounds;
    this.begun = undefined;
  }

  /** The harts that are in the middle of the first round of `operation` that counts. */
  onTheWay(operation: string | undefined): number[] {
    const { begun } = this;
    const current = this.samples.at(-1);
    if (begun === undefined || current === undefined || current.name !== operation) {
      return [];
    }
    if (current.rounds.length > 1 || (current.rounds.length === 1 && begun.ended.size === 0)) {
      return [];
    }
    return [...begun.counts.keys()].filter((hart) => !begun.ended.has(hart));
  }

  begin(hart: number): void {
    if (this.warmRounds > 0) {
      this.warmRounds -= 1;
    } else {
      this.begun = { hart, counts: this.counter.counts(), ended: new Set() };
    }
  }

  end(hart: number): void {
    const { begun } = this;
    const current = this.samples.at(-1);
    if (begun === undefined || current === undefined || begun.ended.has(hart)) {
      return;
    }
    begun.ended.add(hart);
    const cost = this.counter.count(hart) - (begun.counts[hart] ?? 0);
    (hart === begun.hart ? current.rounds : current.otherRounds).push(cost);
  }
}

function readLabels(bench: Uint8Array): Map<bigint, Label> {
  const { segments } = readProgram(bench, "bench");
  const found = new Map<bigint, Label>();
  for (const { name, address } of readElf(bench, "bench").symbols) {
    if (name !== OPERATION && !/^bench(Begin|End)/.test(name)) {
      continue;
    }
    const code = codeAt(segments, address);
    if (code !== undefined) {
      found.set(address, { name, code });
    }
  }
  return found;
}

/** The name that `benchOperation` was called with. */
function readName(run: Run, hart: number): string {
  const start = run.machine.core.readRegister(hart, A0);
  const length = readVirtual(run, hart, start + STRING_LENGTH_OFFSET, 4);
  const byteCount = length === undefined ? 0 : new DataView(length.buffer).getUint32(0, true);
  const bytes = byteCount > NAME_BYTES_MAX ? undefined : readVirtual(run, hart, start, byteCount);
  if (bytes === undefined) {
    throw new Problem("the name of an operation cannot be read in the guest");
  }
  return new TextDecoder("utf-16le").decode(bytes);
}

/** @throws Problem, with the last lines of the console, unless the run came to its end */
export function requireEnd(run: Run, state: string, what = "the machine"): void {
  if (state === "off" && run.machine.exitCode === 0) {
    return;
  }
  const lines = new TextDecoder().decode(run.consoleBytes).trimEnd().split("\n");
  throw new Problem(`${what} did not come to its end (${state})`, { hints: lines.slice(-5) });
}
