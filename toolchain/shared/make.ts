// Makes host modules of what host and guest share: build/gen/host/<path>.ts has the numbers that the guest's <path>.ts
// exports, and the machine's module has its functions' types. So no number of the guest is typed a second time.
//
//     export const enum Kind { Task = 1, … }      in source/abi/handle.ts
//     export const Kind = { Task: 1, … }          in build/gen/host/source/abi/handle.ts
//
// tools/nx/launch.js calls this before it bundles the host's code, and tests/harness/vitest/setup.ts before the tests. Hence
// this module, and the modules that it imports, import nothing that is generated.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Problem } from "../../host/problem.ts";
import { faceModule } from "./face.ts";
import { readNumbers, type SharedConstant, type SharedEnum } from "./read.ts";

/** The guest's sources whose numbers the host uses. */
export const sharedSources: readonly string[] = [
  "machine/core/hart/breakpoints.ts",
  "machine/core/hart/watchpoints.ts",
  "machine/core/memory/ram.ts",
  "machine/core/code/extensions.ts",
  "machine/core/code/ops.ts",
  "machine/core/devices/bus.ts",
  "machine/core/chaos/chaos.ts",
  "machine/core/hart/csr-numbers.ts",
  "machine/core/devices/virtio-mmio.ts",
  "machine/core/devices/faults.ts",
  "machine/core/firmware/firmware.ts",
  "machine/core/hart/hart.ts",
  "machine/core/layout.ts",
  "machine/core/machine.ts",
  "machine/core/memory/tlb.ts",
  "machine/core/power.ts",
  "machine/core/trace.ts",
  "machine/core/hart/trap.ts",
  "source/abi/audit.ts",
  "source/abi/exit.ts",
  "source/abi/handle.ts",
  "source/abi/info.ts",
  "source/abi/job.ts",
  "source/abi/layout.ts",
  "source/abi/message.ts",
  "source/abi/refusal.ts",
  "source/abi/startup.ts",
  "source/abi/syscall.ts",
  "source/abi/task.ts",
  "source/abi/virtio.ts",
  "source/apps/bench/disk/reads.ts",
  "source/kernel/neuron/src/arch/riscv/hart.ts",
  "source/kernel/neuron/src/arch/riscv/paging.ts",
  "source/kernel/neuron/src/sync/order.ts",
  "source/libs/pkgimg/format.ts",
];

/** The source with the exports of the machine's module, whose functions become types of the host (face.ts). */
const MACHINE_FACE = "machine/core/module.ts";

/** The folder of the generated modules, relative to the root. */
export const SHARED_FOLDER = "build/gen/host";

/**
 * Makes the modules. A module that is up to date is not touched, and one of a source that is no longer shared is
 * removed.
 *
 * @returns the sources that were read, relative to the root
 * @throws Problem if a source is missing, or has a number in a form that cannot be read
 */
export function makeShared(root: string): readonly string[] {
  const folder = join(root, SHARED_FOLDER);
  const read = (file: string): string => readShared(root, file);
  const face = faceModule(MACHINE_FACE, read);
  const texts = new Map(sharedSources.map((file) => [file, sharedModule(read(file), file)]));
  texts.set(MACHINE_FACE, face.text);
  for (const [file, text] of texts) {
    writeIfNew(join(folder, file), text);
  }
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (file.endsWith(".ts") && !texts.has(file)) {
      rmSync(join(folder, file));
    }
  }
  return [...sharedSources, ...face.sources];
}

function readShared(root: string, file: string): string {
  const path = join(root, file);
  if (!existsSync(path)) {
    throw new Problem(`${file} is missing, and the host needs its declarations`, {
      subject: file,
      hints: ["if it has moved, change its path in toolchain/shared/make.ts and where the host imports it"],
    });
  }
  return readFileSync(path, "utf8");
}

function writeIfNew(path: string, text: string): void {
  if (existsSync(path) && readFileSync(path, "utf8") === text) {
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  // Another ./nx may read the file at this moment: with a rename it sees the old text or the new one.
  writeFileSync(`${path}.${process.pid}`, text);
  renameSync(`${path}.${process.pid}`, path);
}

/** The text of the host's module for a guest source. */
export function sharedModule(source: string, file: string): string {
  const { enums, constants } = readNumbers(source, file);
  const parts = [...constants.map(constantText), ...enums.map(enumText)];
  return `// Made from ${file} by toolchain/shared.\n\n${parts.join("\n")}`;
}

function constantText({ name, value, wide }: SharedConstant): string {
  return `export const ${name} = ${value}${wide ? "n" : ""};\n`;
}

function enumText({ name, members }: SharedEnum): string {
  const lines = members.map(([member, value]) => `  ${member}: ${value},\n`);
  return `export const ${name} = {\n${lines.join("")}} as const;
export type ${name} = (typeof ${name})[keyof typeof ${name}];\n`;
}
