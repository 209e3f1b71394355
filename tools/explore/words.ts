// The words of ./nx explore, after they are checked.

/** A part of the work, for several hosts that share it. */
export interface Shard {
  index: number;
  count: number;
}

export interface ExploreWords {
  seeds: { first: bigint; last: bigint };
  /** No seed begins after this time. */
  minutes?: number;
  smp: number;
  chaos?: string | true;
  fault?: string;
  /** What the guest runs; undefined: the seeds take the runs of runs.ts in turn. */
  run?: string;
  /** A part of a console line: up to there all seeds share one run. */
  from?: string;
  disk: boolean;
  legacy?: true;
  aclint?: true;
  shard: Shard;
  workers: number;
  keep: string;
  json?: true;
  worker?: true;
}
