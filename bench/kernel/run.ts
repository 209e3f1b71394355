// A run of this build on the embedded machine, for counting. The seed is always the same, so the counts are too.

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Progress } from "../../host/report.ts";
import { root } from "../../host/root.ts";
import { diskOfBytes } from "../../machine/host/machine.ts";
import { Run } from "../../machine/host/run.ts";
import { type BuildOutputs, build, buildMachine, type Profile } from "../../toolchain/compile.ts";
import { memoryMebibytes, treeForRun } from "../../toolchain/dts/contract.ts";
import { programs } from "../../toolchain/programs.ts";
import { nonceOfSeed } from "../../tools/boot/machines/embedded.ts";

const SEED = 1n;
const SHELL = "nx";
/** Every run here is shorter than this. The longest is a boot. */
export const CLOCK_MAX = 100_000_000_000n;

/** ELF files with symbols, by name; the kernel's is the first. */
export type Programs = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

/** The files of the build that is measured. */
export interface Subject {
  module: WebAssembly.Module;
  kernel: Uint8Array<ArrayBuffer>;
  tree: Uint8Array<ArrayBuffer>;
  disk: Uint8Array<ArrayBuffer>;
  programs: Programs;
  /** The shell as it is on the disk, without symbols. */
  shell: Uint8Array<ArrayBuffer>;
  /** The harts have Zbb. Default: they do not. */
  zbb?: boolean;
}

/** Builds what is stale, and reads it. */
export async function readSubject(profile: Profile, progress: Progress): Promise<Subject> {
  const read = (file: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(root, file)));
  const wasm = await buildMachine(progress);
  const outputs: BuildOutputs = await build({ profile, progress });
  return {
    module: new WebAssembly.Module(read(wasm)),
    kernel: read(outputs.kernel),
    tree: read(outputs.deviceTree),
    disk: read(outputs.packageImage),
    shell: read(join(dirname(outputs.kernel), "tasks", SHELL)),
    programs: Object.fromEntries(
      programs.map(({ name, kind }) => [
        name,
        read(kind === "kernel" ? outputs.kernel : join(dirname(outputs.kernel), "tasks", `${name}.elf`)),
      ]),
    ),
  };
}

/** The machine before its first instruction, told to run `words` (`nexus,run`). */
export function startRun(
  subject: Subject,
  harts: number,
  words: string,
  { seed = SEED, chaos = 0 }: { seed?: bigint; chaos?: number } = {},
): Run {
  const { zbb = false } = subject;
  const options = { smp: harts, sstc: true, aclint: false, zbb, nonce: nonceOfSeed(seed), run: words };
  return new Run(subject.module, {
    harts,
    ramMebibytes: memoryMebibytes(subject.tree),
    seed,
    chaos,
    sstc: true,
    aclint: false,
    zbb,
    kernel: subject.kernel,
    tree: treeForRun(subject.tree, options),
    disk: { content: diskOfBytes(subject.disk), slot: 0, legacy: false },
    faults: [],
  });
}
