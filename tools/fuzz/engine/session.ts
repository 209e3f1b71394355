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
export function failureOf(running: Running, input: Uint8Array): string | undefined {
  if (!running.isWatched) {
    return failureWithoutWatch(running, input);
  }
  let what: string | undefined;
  const ends = endsWithin(INPUT_MILLISECONDS_MAX, () => {
    what = failureWithoutWatch(running, input);
  });
  return ends ? what : `Broken: it does not end within ${INPUT_MILLISECONDS_MAX} ms`;
}

function failureWithoutWatch(running: Running, input: Uint8Array): string | undefined {
  try {
    running.run(input);
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

/** Two failures are the same if their words are, numbers and quoted words aside. */
function kindOf(what: string): string {
  return what.split("\n", 1)[0]?.replace(/0x[0-9a-f]+|\d+|"[^"]*"/g, "#") ?? "";
}

export function runSession(target: Target, running: Running, words: SessionWords): SessionResult {
  return new Session(target, running, words).run();
}

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

  run(): SessionResult {
    const given = [...this.running.seeds, ...this.words.corpus];
    if (given.length === 0) {
      throw new Problem(`the target ${this.target.name} has no input to begin with`);
    }
    this.tryAll(given);
    const { runsMax, milliseconds } = this.words;
    while (this.runs < runsMax && this.elapsed() < milliseconds && this.failures.size < FAILURES_MAX) {
      const count = Math.min(INPUTS_A_BATCH, runsMax - this.runs);
      this.tryAll(Array.from({ length: count }, () => this.next()));
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
  private tryAll(inputs: readonly Uint8Array[]): void {
    const failed: (readonly [Uint8Array, string])[] = [];
    const runAll = (): void => {
      for (const input of inputs) {
        this.runs += 1;
        const what = this.tryOne(input);
        if (what !== undefined) {
          failed.push([input, what]);
        }
      }
    };
    if (this.runEnding(runAll)) {
      for (const [input, what] of failed) {
        this.note(input, what);
      }
      return;
    }
    // One of them does not end. To watch each takes long, but then we know which.
    for (const input of inputs) {
      this.note(input, failureOf(this.running, input));
    }
  }

  /** Does the work, watched if it may not end. False if it was ended. */
  private runEnding(work: () => void): boolean {
    if (this.running.isWatched) {
      return endsWithin(BATCH_MILLISECONDS_MAX, work);
    }
    work();
    return true;
  }

  /** Runs an input, and keeps it if it reaches something new. Gives what is wrong. */
  private tryOne(input: Uint8Array): string | undefined {
    const { coverage } = this.running;
    coverage.clear();
    const what = failureWithoutWatch(this.running, input);
    if (coverage.hasNew(true) && this.kept.length < KEPT_MAX) {
      this.kept.push(input);
    }
    return what;
  }

  private note(input: Uint8Array, what: string | undefined): void {
    if (what === undefined || this.failures.has(kindOf(what))) {
      return;
    }
    const kind = kindOf(what);
    const small = minimize(input, (candidate) => {
      const found = failureOf(this.running, candidate);
      return found !== undefined && kindOf(found) === kind;
    });
    this.failures.set(kind, { what: failureOf(this.running, small) ?? what, input: small, run: this.runs });
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
