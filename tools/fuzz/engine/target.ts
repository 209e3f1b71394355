// What a target of the fuzzer gives: how an input is run, what counts as covered, and inputs to begin with.

/** What ran since the last look, compared with all that ran before. */
export interface Coverage {
  /** Forgets what ran since the last look. */
  clear(): void;
  /**
   * Whether something ran since the last look that never ran before.
   *
   * @param notes whether it is known from now on
   */
  hasNew(notes: boolean): boolean;
  /** How many pieces of code or answers were reached, and of how many; undefined where that is not known. */
  readonly covered: number;
  readonly total: number | undefined;
}

/** A target that is ready. */
export interface Running {
  readonly coverage: Coverage;
  /** Its runs may not end, and are watched. Guest code has fuel instead. */
  readonly isWatched: boolean;
  /** Good inputs, made by the target. The corpus in the repository comes on top. */
  readonly seeds: readonly Uint8Array[];
  /** Words that the format or the code knows. */
  readonly dictionary: readonly Uint8Array[];
  /**
   * Runs one input. Throws if the code under test fails: a trap, a wrong exception, a broken promise. Only a run that is not
   * watched may give a promise.
   */
  run(input: Uint8Array): void | Promise<void>;
}

/** A kind of input that can be fuzzed. */
export interface Target {
  readonly name: string;
  /** What is under test, in a few words, for the help. */
  readonly about: string;
  readonly inputBytesMax: number;
  readonly isText: boolean;
  /** An input takes some milliseconds: a test runs fewer of them. */
  readonly isSlow?: boolean;
  start(): Promise<Running>;
}

/** A promise that the code under test did not keep. */
export class Broken extends Error {}

/** Throws Broken unless the promise was kept. */
export function promise(kept: boolean, what: string): void {
  if (!kept) {
    throw new Broken(what);
  }
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
