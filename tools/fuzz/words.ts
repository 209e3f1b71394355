// What the words of ./nx fuzz mean, once they are checked.

/** Both ends belong to it. */
export interface SeedRange {
  readonly first: number;
  readonly last: number;
}

export interface FuzzWords {
  readonly seeds?: SeedRange;
  /** Random bytes for each module; undefined: sizes of all kinds. */
  readonly size?: number;
  /** Processes; undefined: as many as the cores are good for. */
  readonly jobs?: number;
  readonly json?: boolean;
}
