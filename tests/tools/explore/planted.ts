// A copy of the repository with bugs in its kernel, in a folder of its own: for tests that want to see them found.
//
// The kernel is compiled once, with all of the bugs. Each has a number, and the kernel behaves as the one whose number an
// assembly file gives, or a copy of the linked kernel in which the number is another one. What was built is copied along, so
// that only the kernel is compiled again. The sources themselves are never touched.

import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { copyRepository } from "../../../bench/build/copy.ts";
import { readElf, readLoadable } from "../../../host/elf.ts";
import { defined } from "../../harness/defined.ts";

const KERNEL = "source/kernel/neuron/src";
const SYMBOLS = `${KERNEL}/arch/riscv/symbols.ts`;
const MODULE = `${KERNEL}/planted.ts`;
const NUMBER = `${KERNEL}/planted.S`;

/** A change of one file of the kernel: `find` has to be there exactly once. */
export interface Change {
  /** Below the kernel's sources. */
  file: string;
  find: string;
  /** `isPlanted(bug)` is imported: what the kernel does without the bug has to stay as it is. */
  replace: string;
}

/** A copy whose kernel can have one of several bugs. */
export interface PlantedKernel {
  readonly folder: string;
  /** From now on `./nx` in the folder builds the kernel with this bug only. */
  choose(bug: number): void;
  /** A copy of the kernel that was built, with this bug only. Gives its path. */
  kernelWith(bug: number): string;
  remove(): void;
}

/** Makes the copy, with all changes. */
export function plant(changes: readonly Change[]): PlantedKernel {
  const { folder, remove } = copyRepository("neuron-planted-");
  for (const { file, find, replace } of changes) {
    const path = join(folder, KERNEL, file);
    const text = readFileSync(path, "utf8");
    if (text.split(find).length !== 2) {
      throw new Error(`${file} has not exactly one "${find}"`);
    }
    writeFileSync(
      path,
      text.replace(find, () => replace),
    );
  }
  for (const file of new Set(changes.map((change) => change.file))) {
    prepend(join(folder, KERNEL, file), importOf(MODULE, join(KERNEL, file), "isPlanted"));
  }
  prepend(join(folder, SYMBOLS), "export declare function plantedBug(): usize;\n");
  writeFileSync(
    join(folder, MODULE),
    `${importOf(SYMBOLS, MODULE, "plantedBug")}
export function isPlanted(bug: u32): bool {
  return load<u32>(plantedBug()) === bug;
}
`,
  );
  const choose = (bug: number): void =>
    writeFileSync(
      join(folder, NUMBER),
      `    .section .data\n    .balign 4\n    .globl plantedBug\nplantedBug:\n    .word ${bug}\n`,
    );
  choose(0);
  const kernelWith = (bug: number): string => {
    const file = join(folder, `planted-${bug}.elf`);
    writeFileSync(file, withNumber(readFileSync(join(folder, "build/neuron.elf")), bug));
    return file;
  };
  return { folder, choose, kernelWith, remove };
}

/** The kernel's image with another number at `plantedBug`. */
function withNumber(kernel: Uint8Array, bug: number): Uint8Array {
  const changed = new Uint8Array(kernel);
  const symbol = readElf(changed, "the kernel").symbols.find(({ name }) => name === "plantedBug");
  // The kernel's addresses are its physical addresses, sign-extended.
  const address = Number(BigInt.asUintN(32, defined(symbol).address));
  const { segments } = readLoadable(changed, "the kernel");
  const segment = defined(
    segments.find((each) => each.address <= address && address + 4 <= each.address + each.bytes.length),
  );
  const { buffer, byteOffset } = segment.bytes;
  new DataView(buffer, byteOffset).setUint32(address - segment.address, bug, true);
  return changed;
}

function prepend(path: string, text: string): void {
  writeFileSync(path, text + readFileSync(path, "utf8"));
}

function importOf(file: string, importer: string, name: string): string {
  const path = relative(dirname(importer), file).replace(/\.ts$/, "");
  return `import { ${name} } from "${path.startsWith(".") ? path : `./${path}`}";\n`;
}
