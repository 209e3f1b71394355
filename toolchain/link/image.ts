// Object files to an ELF image, by a linker script that draws the memory map.
//
// The script gets three numbers that only the translator knows, as symbols: where static data begins
// (`__wasm_data_base`), where its bytes end (`__wasm_data_end`) and where all of it ends (`__heap_base`); between the
// last two lies what start-up finds zeroed.

import { number, object, type Shape } from "../../host/json.ts";
import { runLlvm } from "./llvm.ts";

/** Where a program's static data lies: unsigned 32-bit addresses, sign-extended by the machine. */
export interface DataLayout {
  readonly memoryBase: number;
  readonly dataEnd: number;
  readonly heapBase: number;
}

/** How it stands in the file that the translation leaves for the link. */
export const dataLayout: Shape<DataLayout> = object({
  memoryBase: number,
  dataEnd: number,
  heapBase: number,
});

/** What every link is called with: no build id, no paths, pages of 4 KiB, and a warning is an error. */
export const linkFlags: readonly string[] = [
  "-m",
  "elf64lriscv",
  "-static",
  "--no-dynamic-linker",
  "--build-id=none",
  "--fatal-warnings",
  // Relaxation leaves thousands of local labels behind; they name nothing.
  "--discard-locals",
  "-z",
  "max-page-size=4096",
  "-z",
  "noexecstack",
];

/** Links `objects` (paths relative to the root) to `output`; `strip` leaves symbols and debug information out. */
export async function link(
  root: string,
  request: {
    readonly objects: readonly string[];
    readonly script: string;
    readonly layout: DataLayout;
    readonly output: string;
    readonly strip: boolean;
  },
): Promise<void> {
  const { memoryBase, dataEnd, heapBase } = request.layout;
  await runLlvm("ld.lld", root, [
    ...linkFlags,
    ...(request.strip ? ["--strip-all"] : []),
    `--defsym=__wasm_data_base=${canonical(memoryBase)}`,
    `--defsym=__wasm_data_end=${canonical(dataEnd)}`,
    `--defsym=__heap_base=${canonical(heapBase)}`,
    "-T",
    request.script,
    "-o",
    request.output,
    ...request.objects,
  ]);
}

/** A guest address as the machine sees it: 32 bits, sign-extended to 64 (DESIGN, "Pointers are 32 bits"). */
export function canonical(address: number): string {
  return `0x${BigInt.asUintN(64, BigInt.asIntN(32, BigInt(address))).toString(16)}`;
}
