// ./nx fuzz calls: random system calls from several tasks and harts, and everything is counted after each run. That is
// what exploration does with the attacker's calls, so here are only its words.

import { cpus } from "node:os";
import { SMP_MAX } from "../boot/options.ts";
import { explore } from "../explore/explore.ts";
import { type FuzzWords, SEEDS_MAX } from "./words.ts";

const RUN = "attacker many calls";
/** How many seeds without --seeds and --minutes. */
const SEEDS = 100;

/** Explores and prints the result. Gives the exit code. */
export function fuzzCalls({ seeds, minutes, jobs, json }: FuzzWords): Promise<number> {
  const { first, last } = seeds ?? { first: 1, last: minutes === undefined ? SEEDS : SEEDS_MAX };
  return explore({
    seeds: { first: BigInt(first), last: BigInt(last) },
    ...(minutes === undefined ? {} : { minutes }),
    smp: SMP_MAX,
    chaos: true,
    run: RUN,
    disk: true,
    shard: { index: 1, count: 1 },
    workers: jobs ?? cpus().length,
    keep: "build/explore",
    ...(json === true ? { json } : {}),
  });
}
