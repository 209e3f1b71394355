// Keeps compiled groups for all machines of a process, because exploration boots the same kernel again and again. The module of
// a group follows from the group's instructions alone. COMPILED_BYTES_MAX bounds how much is kept.

import { encodeModule } from "./encoder.ts";
import type { Group } from "./flow.ts";
import { type HartOffsets, translateGroup } from "./function.ts";

/** The most bytes of modules that are kept. When there would be more, all are dropped. */
const COMPILED_BYTES_MAX = 16 * 2 ** 20;

/** A compiled group: a module with one function. */
export interface Compiled {
  module: WebAssembly.Module;
  byteCount: number;
  /** The number of each entry, by its offset in the page. */
  entries: ReadonlyMap<number, number>;
}

const compiledGroups = new Map<Group, Compiled>();
let compiledBytes = 0;

/** Whether a group is compiled already. */
export function isCompiled(group: Group): boolean {
  return compiledGroups.has(group);
}

/**
 * The module of a group. `isWatched`: its accesses may be to pages that harts share (machine/core/chaos/sharing.ts).
 * Undefined if the engine does not compile a module of this size here and now.
 */
export function compileGroup(group: Group, offsets: HartOffsets, isWatched: boolean): Compiled | undefined {
  const known = compiledGroups.get(group);
  if (known !== undefined) {
    return known;
  }
  const { function: written, entries } = translateGroup(group, offsets, isWatched);
  const bytes = encodeModule(written);
  const module = compile(bytes);
  if (module === undefined) {
    return undefined;
  }
  const compiled = { module, byteCount: bytes.length, entries };
  if (compiledBytes + bytes.length > COMPILED_BYTES_MAX) {
    compiledGroups.clear();
    compiledBytes = 0;
  }
  compiledBytes += bytes.length;
  compiledGroups.set(group, compiled);
  return compiled;
}

function compile(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module | undefined {
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError || error instanceof RangeError) {
      return undefined;
    }
    throw error;
  }
}
