// The words of ./nx fuzz, after they are checked.

/** A range with both ends. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
}

export interface FuzzWords {
  readonly seeds?: SeedRange;
  /** How many random bytes make each module; undefined: different sizes. */
  readonly size?: number;
  /** How many processes; undefined: one for every two cores. */
  readonly jobs?: number;
  readonly json?: boolean;
}
