// What each worker of an exploration is told, from the words of the command and the build.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../host/root.ts";
import type { BuildOutputs } from "../../toolchain/compile.ts";
import { readLayout } from "../boot/kernel/layout.ts";
import { chaosOf, faultsOf } from "../boot/machines/hostility.ts";
import { SELFTEST_RUN } from "../boot/run.ts";
import { exploredRuns } from "./runs.ts";
import type { ExploreWords } from "./words.ts";
import type { WorkerOrder } from "./worker.ts";

/** What decides the order: the words that say which machine it is, and what it runs. */
export type ExploredWords = Pick<
  ExploreWords,
  "seeds" | "smp" | "chaos" | "fault" | "run" | "from" | "disk" | "legacy" | "aclint"
>;

/** What is explored: paths relative to the root, but for the machine's. */
export interface ExploredBuild extends Pick<BuildOutputs, "kernel" | "deviceTree" | "packageImage"> {
  /** The kernel's Wasm, as the build left it. */
  readonly kernelWasm: string;
  /** The machine's module, with its whole path. */
  readonly machine: string;
}

export async function orderOf(words: ExploredWords, built: ExploredBuild): Promise<WorkerOrder> {
  return {
    outputs: { kernel: built.kernel, deviceTree: built.deviceTree },
    wasm: built.machine,
    machine: {
      smp: words.smp,
      disk: words.disk ? join(root, built.packageImage) : undefined,
      legacy: words.legacy === true,
      aclint: words.aclint === true,
    },
    // Seeds with a common beginning have one run.
    runs:
      words.run === undefined && words.from === undefined ? [...exploredRuns] : [words.run ?? SELFTEST_RUN],
    layout: await readLayout(new Uint8Array(readFileSync(join(root, built.kernel))), built.kernelWasm),
    faults: faultsOf(words.fault).map(({ kind, first, last }) => ({
      kind,
      first: String(first),
      last: String(last),
    })),
    chaos: chaosOf(words.chaos),
    fork: words.from === undefined ? undefined : { seed: String(words.seeds.first), line: words.from },
  };
}
