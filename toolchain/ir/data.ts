// Writes static data and globals. asc fixes the address of every static byte at compile time (--memoryBase), so the
// data is one LLVM global in a section of its own, `.wasm.data`, which the linker script places at exactly that
// address. No code refers to it by name: the code has the addresses as numbers. Zeros at its end are left out; start-up
// clears them. A task has its data packed instead (packed-data.ts).

import type { DataSegment, Global, WasmModule } from "../wasm/module.ts";
import { byteArray, globalName, llvmType } from "./text.ts";

/** asc aligns the end of its static data, where a heap would begin, to this. */
const HEAP_ALIGN_BYTES = 16;

/** asc's name of the global with the end of static data. A guest has it only if it asks for it. */
const HEAP_BASE = "~lib/memory/__heap_base";

/** Shorter runs of zeros are written out, because a separate piece would be longer. */
const ZERO_RUN_MIN_BYTES = 64;

export interface Layout {
  readonly memoryBase: number;
  readonly dataEnd: number;
  readonly heapBase: number;
}

/** Where the module's static data is. */
export function layOut(module: WasmModule, memoryBase: number): Layout {
  let dataEnd = memoryBase;
  let end = memoryBase;
  for (const { address, bytes } of module.data) {
    if (address === undefined) {
      continue;
    }
    if (address < memoryBase) {
      throw new Error(`static data at 0x${address.toString(16)} is below memoryBase`);
    }
    const used = bytes.findLastIndex((byte) => byte !== 0) + 1;
    if (used > 0) {
      dataEnd = Math.max(dataEnd, address + used);
    }
    end = Math.max(end, address + bytes.length);
  }
  const told = module.globals.find(({ name }) => name === HEAP_BASE)?.value;
  const heapBase =
    told === undefined
      ? Math.ceil(end / HEAP_ALIGN_BYTES) * HEAP_ALIGN_BYTES
      : Number(BigInt.asUintN(32, told));
  return { memoryBase, dataEnd, heapBase };
}

/** The active segments as one packed constant, with the zeros between them. Empty without data. */
export function dataGlobal(segments: readonly DataSegment[], layout: Layout): string[] {
  const { memoryBase, dataEnd } = layout;
  if (dataEnd === memoryBase) {
    return [];
  }
  const pieces = cut(staticBytes(segments, layout)).map((piece) => byteArray(piece));
  const types = pieces.map((piece) => piece.slice(0, piece.indexOf("]") + 1));
  return [
    `@__wasm_data = global <{ ${types.join(", ")} }> <{`,
    ...pieces.map((piece, index) => `  ${piece}${index + 1 < pieces.length ? "," : ""}`),
    '}>, section ".wasm.data", align 16',
  ];
}

/** The active segments' bytes, from memoryBase to dataEnd. */
export function staticBytes(segments: readonly DataSegment[], { memoryBase, dataEnd }: Layout): Uint8Array {
  const image = new Uint8Array(dataEnd - memoryBase);
  for (const { address, bytes } of segments) {
    if (address !== undefined) {
      image.set(bytes.subarray(0, Math.max(dataEnd - address, 0)), address - memoryBase);
    }
  }
  return image;
}

/** Cuts bytes into runs of zeros and runs of anything else. */
function cut(image: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let begin = 0;
  let zeros = 0;
  for (let index = 0; index <= image.length; index++) {
    if (image[index] === 0) {
      zeros++;
      continue;
    }
    if (zeros >= ZERO_RUN_MIN_BYTES) {
      const from = index - zeros;
      if (from > begin) {
        pieces.push(image.subarray(begin, from));
      }
      pieces.push(image.subarray(from, index));
      begin = index;
    }
    zeros = 0;
  }
  if (begin < image.length) {
    pieces.push(image.subarray(begin));
  }
  return pieces;
}

/** A passive segment: its bytes, and how many of them `memory.init` may still use. */
export function passiveGlobals(name: string, { bytes }: DataSegment): string[] {
  return [
    `${name} = internal constant ${byteArray(bytes)}`,
    `${name}.size = internal global i64 ${bytes.length}`,
  ];
}

/** A mutable global. Its name has a prefix, so that it cannot clash with a function's. */
export function globalSymbol(name: string): string {
  return globalName(`global:${name}`);
}

export function globalDefinition(symbol: string, { type, value }: Global): string {
  return `${symbol} = internal global ${llvmType[type]} ${value ?? 0}`;
}
