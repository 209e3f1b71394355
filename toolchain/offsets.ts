// Layout constants for the assembler: the exports of frame.ts become `.equ` lines in build/gen/frame.inc.
//
// asc computes `offsetof` while it compiles, so an exported constant is a global with its value in the module. So no
// offset is typed by hand in a `.S` file, and the assembly follows a field that moves.

import { Problem } from "../host/problem.ts";
import { readModule } from "./wasm/reader.ts";

/**
 * Gives the text of the include file.
 *
 * @param wasm the compiled module
 * @param sourceName the file that the module was made from, for the head and for messages
 * @throws Problem if an export is no constant, or if there is no export
 */
export function frameOffsets(wasm: Uint8Array, sourceName: string): string {
  const module = readModule(wasm);
  const lines: string[] = [];
  for (const { name, kind, index } of module.exports) {
    if (kind === "memory") {
      continue;
    }
    const global = kind === "global" ? module.globals[index] : undefined;
    if (!global || global.mutable || global.value === undefined) {
      throw new Problem(`${sourceName} may export only integer constants, but ${name} is none`, {
        subject: sourceName,
        hints: ["a value that is known only at run time cannot become an .equ of the assembler"],
      });
    }
    lines.push(`    .equ ${name}, ${BigInt.asUintN(global.type === "i64" ? 64 : 32, global.value)}\n`);
  }
  if (lines.length === 0) {
    throw new Problem(`${sourceName} exports no constant`, { subject: sourceName });
  }
  return `# Made from ${sourceName} by toolchain/offsets.ts.\n${lines.join("")}`;
}
