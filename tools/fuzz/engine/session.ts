// One fuzzing session: takes inputs, changes them, runs them, and keeps those that reach something new.
//
//     corpus ──▶ pick ──▶ mutate ──▶ run ──fails──▶ minimize ──▶ report
//       ▲                             │
//       └──────── something new ◀─────┘
//
// A session depends on its seed and on the corpus alone. So `--seed` and `--runs` repeat it; a limit of time only
// decides where it ends.

import { Problem } from "../../../host/problem.ts";
import { minimize } from "./minimize.ts";
import { mutate } from "./mutate.ts";
import { Random } from "./random.ts";
import type { Running, Target } from "./target.ts";
import { endsWithin } from "./watch.ts";

/** Different failures of one session; it ends with the last of them. */
const FAILURES_MAX = 8;
/** Inputs that are run, and watched, together. */
const INPUTS_A_BATCH = 256;
/** Inputs that a session keeps in memory. */
const KEPT_MAX = 20_000;
/** The latest inputs are picked in half of the cases: few changes of them were tried yet. */
const LATEST = 32;
/** Code of the host may take this long for one input, and for a batch before its inputs are run one by one. */
const INPUT_MILLISECONDS_MAX = 2000;
const BATCH_MILLISECONDS_MAX = 10_000;

export interface SessionWords {
  readonly seed: number;
  /** The session ends after this many inputs, */
  readonly runsMax: number;
  /** or after this time. */
  readonly milliseconds: number;
  readonly corpus: readonly Uint8Array[];
  readonly onProgress?: (result: SessionResult) => void;
}

export interface Failure {
  readonly what: string;
  readonly input: Uint8Array;
  /** How many inputs had been run when it was found. */
  readonly run: number;
}

export interface SessionResult {
  readonly runs: number;
  readonly milliseconds: number;
  readonly covered: number;
  readonly total: number | undefined;
  /** Inputs that reached something new, those of the corpus among them. */
  readonly kept: readonly Uint8Array[];
  readonly failures: readonly Failure[];
}

/** What is wrong with the code under test for this input; undefined if nothing is. */
export async function failureOf(running: Running, input: Uint8Array): Promise<string | undefined> {
  if (!running.isWatched) {
    return await failureWithoutWatch(running, input);
  }
  let what: string | undefined;
  const ends = endsWithin(INPUT_MILLISECONDS_MAX, () => {
    what = failureUnderWatch(running, input);
  });
  return ends ? what : `Broken: it does not end within ${INPUT_MILLISECONDS_MAX} ms`;
}

async function failureWithoutWatch(running: Running, input: Uint8Array): Promise<string | undefined> {
  try {
    await running.run(input);
    return undefined;
  } catch (error) {
    return textOf(error);
  }
}

/** The same for a run that is watched: it ends before this returns. */
function failureUnderWatch(running: Running, input: Uint8Array): string | undefined {
  try {
    void running.run(input);
    return undefined;
  } catch (error) {
    return textOf(error);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Two failures are the same if their words are, numbers and quoted words aside. */
function kindOf(what: string): string {
  return what.split("\n", 1)[0]?.replace(/0x[0-9a-f]+|\d+|"[^"]*"/g, "#") ?? "";
}

export async function runSession(
  target: Target,
  running: Running,
  words: SessionWords,
): Promise<SessionResult> {
  return await new Session(target, running, words).run();
}

/** An input, and what is wrong with the code under test for it. */
type Failed = readonly [Uint8Array, string];

class Session {
  private readonly target: Target;
  private readonly running: Running;
  private readonly words: SessionWords;
  private readonly random: Random;
  private readonly kept: Uint8Array[] = [];
  private readonly failures = new Map<string, Failure>();
  private readonly begin = performance.now();
  private runs = 0;

  constructor(target: Target, running: Running, words: SessionWords) {
    this.target = target;
    this.running = running;
    this.words = words;
    this.random = new Random(words.seed);
  }

  async run(): Promise<SessionResult> {
    const given = [...this.running.seeds, ...this.words.corpus];
    if (given.length === 0) {
      throw new Problem(`the target ${this.target.name} has no input to begin with`);
    }
    await this.tryAll(given);
    const { runsMax, milliseconds } = this.words;
    while (this.runs < runsMax && this.elapsed() < milliseconds && this.failures.size < FAILURES_MAX) {
      const count = Math.min(INPUTS_A_BATCH, runsMax - this.runs);
      await this.tryAll(Array.from({ length: count }, () => this.next()));
      this.words.onProgress?.(this.result());
    }
    return this.result();
  }

  private next(): Uint8Array {
    return mutate(this.pick(), {
      random: this.random,
      dictionary: this.running.dictionary,
      other: this.pick(),
      bytesMax: this.target.inputBytesMax,
      isText: this.target.isText,
    });
  }

  private pick(): Uint8Array {
    const latest = Math.min(LATEST, this.kept.length);
    const input =
      this.random.below(2) === 0
        ? this.kept[this.kept.length - 1 - this.random.below(latest)]
        : this.kept[this.random.below(this.kept.length)];
    return input ?? new Uint8Array();
  }

  /** Runs inputs, keeps those that reach something new, and notes those that fail. */
  private async tryAll(inputs: readonly Uint8Array[]): Promise<void> {
    const failed = this.running.isWatched ? this.runWatched(inputs) : await this.runPlainly(inputs);
    if (failed !== undefined) {
      for (const [input, what] of failed) {
        await this.note(input, what);
      }
      return;
    }
    // One of them does not end. To watch each takes long, but then we know which.
    for (const input of inputs) {
      await this.note(input, await failureOf(this.running, input));
    }
  }

  /** Gives the inputs that failed, or undefined if one of them does not end. */
  private runWatched(inputs: readonly Uint8Array[]): Failed[] | undefined {
    const failed: Failed[] = [];
    const ends = endsWithin(BATCH_MILLISECONDS_MAX, () => {
      for (const input of inputs) {
        this.beginInput();
        this.take(input, failureUnderWatch(this.running, input), failed);
      }
    });
    return ends ? failed : undefined;
  }

  private async runPlainly(inputs: readonly Uint8Array[]): Promise<Failed[]> {
    const failed: Failed[] = [];
    for (const input of inputs) {
      this.beginInput();
      this.take(input, await failureWithoutWatch(this.running, input), failed);
    }
    return failed;
  }

  private beginInput(): void {
    this.runs += 1;
    this.running.coverage.clear();
  }

  /** An input was run. It is kept if it reached something new. */
  private take(input: Uint8Array, what: string | undefined, failed: Failed[]): void {
    if (this.running.coverage.hasNew(true) && this.kept.length < KEPT_MAX) {
      this.kept.push(input);
    }
    if (what !== undefined) {
      failed.push([input, what]);
    }
  }

  private async note(input: Uint8Array, what: string | undefined): Promise<void> {
    if (what === undefined || this.failures.has(kindOf(what))) {
      return;
    }
    const kind = kindOf(what);
    const small = await minimize(input, async (candidate) => {
      const found = await failureOf(this.running, candidate);
      return found !== undefined && kindOf(found) === kind;
    });
    const found = (await failureOf(this.running, small)) ?? what;
    this.failures.set(kind, { what: found, input: small, run: this.runs });
  }

  private elapsed(): number {
    return performance.now() - this.begin;
  }

  private result(): SessionResult {
    return {
      runs: this.runs,
      milliseconds: this.elapsed(),
      covered: this.running.coverage.covered,
      total: this.running.coverage.total,
      kept: this.kept,
      failures: [...this.failures.values()],
    };
  }
}
