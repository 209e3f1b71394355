// Links object files to an ELF image, by a linker script that draws the memory map.
//
// The script gets three numbers that only the translator knows, as symbols: where static data begins
// (`__wasm_data_base`), where its bytes end (`__wasm_data_end`) and where all of it ends (`__heap_base`). Start-up
// zeroes the part between the last two.

import { number, object, type Shape } from "../../host/json.ts";
import { runLlvm } from "./llvm.ts";

/** Where a program's static data is: unsigned 32-bit addresses, which the machine sign-extends. */
export interface DataLayout {
  readonly memoryBase: number;
  readonly dataEnd: number;
  readonly heapBase: number;
}

/** Its form in the file that the translation leaves for the link. */
export const dataLayout: Shape<DataLayout> = object({
  memoryBase: number,
  dataEnd: number,
  heapBase: number,
});

/** The flags of every link: no build id, no paths, pages of 4 KiB, and a warning is an error. */
export const linkFlags: readonly string[] = [
  "-m",
  "elf64lriscv",
  "-static",
  "--no-dynamic-linker",
  "--build-id=none",
  "--fatal-warnings",
  // Relaxation leaves behind thousands of local labels, which name nothing.
  "--discard-locals",
  "-z",
  "max-page-size=4096",
  "-z",
  "noexecstack",
];

/**
 * A stripped image is for our own loader, which copies: it has no symbols, and none of the padding by which a page of the
 * file would be one of memory.
 */
export const strippedFlags: readonly string[] = ["--strip-all", "--nmagic"];

/** Links `objects` (paths relative to the root) to `output`. `strip` leaves out symbols and debug information. */
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
    ...(request.strip ? strippedFlags : []),
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
