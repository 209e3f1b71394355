// The words of ./nx fuzz, after they are checked.

/** The largest seed. */
export const SEEDS_MAX = 10_000_000;

/** A range with both ends. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
}

export interface FuzzWords {
  /** Of wasm: the modules' seeds. Of calls: the runs' seeds. */
  readonly seeds?: SeedRange;
  /** Of wasm: how many random bytes make each module; undefined: different sizes. */
  readonly size?: number;
  /** How many processes; undefined: one for every two cores. */
  readonly jobs?: number;
  readonly json?: boolean;
  /** Of the other targets: the session's seed. */
  readonly seed?: number;
  readonly minutes?: number;
  /** How many inputs at most. */
  readonly runs?: number;
  /** One input from this file, and nothing else. */
  readonly input?: string;
  /** Write what was found into the corpus. */
  readonly grow?: boolean;
}
