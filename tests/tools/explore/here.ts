// Explores in this process: the seeds go to what a worker of ./nx explore does with them. A process for each exploration takes
// longer to start than the boot of a seed.

import { decodeRecording } from "../../../machine/host/recording/recording.ts";
import { Run } from "../../../machine/host/run.ts";
import { endOfRun } from "../../../tools/boot/machines/embedded.ts";
import { type ExploredBuild, type ExploredWords, orderOf } from "../../../tools/explore/order.ts";
import { runSeed, type SeedResult } from "../../../tools/explore/seed.ts";
import { settingOf } from "../../../tools/explore/worker.ts";
import { defined } from "../../harness/defined.ts";
import { buildOnce, withChassis } from "../../machine/booting.ts";

export interface Explorer {
  explore(seed: bigint): Promise<SeedResult>;
  /** Repeats what the recording of a failed seed says. Gives the state's hash at the end, and the recorded one. */
  replay(failed: SeedResult): { state: string; recorded: string };
}

/**
 * Explores what `./nx explore` does where `words` has nothing; `change` is another build than the usual one. The explorer is
 * good until `work` has ended.
 */
export async function withExplorer<Result>(
  words: Partial<ExploredWords>,
  work: (explorer: Explorer) => Promise<Result>,
  change: Partial<ExploredBuild> = {},
): Promise<Result> {
  const { outputs, wasm } = await buildOnce();
  const usual: ExploredWords = { seeds: { first: 1n, last: 1n }, smp: 4, disk: true };
  const built = { ...outputs, kernelWasm: "build/wasm/neuron.wasm", machine: wasm, ...change };
  const order = await orderOf({ ...usual, ...words }, built);
  return await withChassis(async (chassis) => {
    const setting = await settingOf(order, chassis);
    return await work({
      explore: (seed) => runSeed(setting, seed),
      replay: ({ recording }) => {
        const { settings, events, end } = decodeRecording(defined(recording));
        const { clock, stateHash } = defined(end);
        const run = new Run(chassis, settings, events);
        run.advanceTo(clock);
        return { state: endOfRun(run).stateHash, recorded: stateHash };
      },
    });
  });
}
