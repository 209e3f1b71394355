// Snapshots: copies of the machine's memory, which is all of its state, to go back to.
//
// Memory is copied in chunks of 4 KiB. A chunk that has not changed since an earlier snapshot is shared with that. Of RAM,
// only the pages that were ever written are looked at (the machine keeps a flag for each). What lies before RAM (registers,
// devices, caches) is copied where it is not zero, except the places for decoded pages that were never used. So a snapshot of a booted system takes a few milliseconds, and the next
// one takes a few pages of memory. Nothing here is Node's.

import type { Core } from "./core.ts";

/** Memory is looked at in chunks of so many bytes. */
export const CHUNK_BYTES = 4096;

/** A machine's memory at one moment. Only that machine, or one with as many harts and as much RAM, can be put back to it. */
export interface Snapshot {
  /** The clock at that moment, in instructions. */
  clock: bigint;
  /** The chunks that are not zero, by their numbers. */
  chunks: Map<number, Uint8Array>;
}

/** Copies the machine's state. Chunks that are the same in `earlier`, a snapshot of the same machine, are shared. */
export function takeSnapshot(core: Core, earlier?: Snapshot): Snapshot {
  const memory = new Uint8Array(core.memory.buffer);
  const chunks = new Map<number, Uint8Array>();
  for (const index of usedChunks(core)) {
    const now = chunkAt(memory, index);
    const before = earlier?.chunks.get(index);
    if (before !== undefined && equal(before, now)) {
      chunks.set(index, before);
    } else if (!isZero(now)) {
      chunks.set(index, now.slice());
    }
  }
  return { clock: core.clock(), chunks };
}

/** Puts the machine back to a snapshot. */
export function restoreSnapshot(core: Core, snapshot: Snapshot): void {
  restoreChunks(core, snapshot, usedChunks(core));
  // Translated functions are not in memory, so what memory says about them may be outdated, or from another machine.
  core.forgetTranslations();
}

/**
 * Puts an instance back to `blank`, a snapshot from before its first machine, for the next machine. Decoded pages are kept: the
 * next machine uses those whose content is the same (machine/core/code/kept.ts).
 */
export function restoreBlank(core: Core, blank: Snapshot): void {
  const places = core.hasBreakpoints() === 0 ? core.keepCode() : 0;
  if (places === 0) {
    restoreSnapshot(core, blank);
    return;
  }
  const decoder = core.decoder();
  const first = (core.codeStart() >>> 0) / CHUNK_BYTES;
  const end = (core.codeEnd() >>> 0) / CHUNK_BYTES;
  const others = [...usedChunks(core)].filter((index) => index < first || index >= end);
  restoreChunks(core, blank, others);
  core.useKept(places, decoder);
}

function restoreChunks(core: Core, snapshot: Snapshot, used: Iterable<number>): void {
  const memory = new Uint8Array(core.memory.buffer);
  // Read the flags of the pages that were written since, before the flags themselves are overwritten.
  for (const index of [...used]) {
    if (!snapshot.chunks.has(index)) {
      chunkAt(memory, index).fill(0);
    }
  }
  for (const [index, bytes] of snapshot.chunks) {
    chunkAt(memory, index).set(bytes);
  }
}

/** The chunks that were touched, by their numbers: those before RAM that are not zero, and the pages of RAM that were ever written. */
export function touchedChunks(core: Core): Set<number> {
  const memory = new Uint8Array(core.memory.buffer);
  const ram = (core.ramBase() >>> 0) / CHUNK_BYTES;
  return new Set([...usedChunks(core)].filter((index) => index >= ram || !isZero(chunkAt(memory, index))));
}

/** What lies before RAM and was ever used, and the pages of RAM that were ever written. */
function* usedChunks(core: Core): Generator<number> {
  const ram = core.ramBase() >>> 0;
  const first = ram / CHUNK_BYTES;
  const codeEnd = Math.ceil((core.usedCodeEnd() >>> 0) / CHUNK_BYTES);
  for (let index = 0; index < codeEnd; index++) {
    yield index;
  }
  for (let index = Math.floor((core.codeEnd() >>> 0) / CHUNK_BYTES); index < first; index++) {
    yield index;
  }
  const flags = new Uint8Array(
    core.memory.buffer,
    core.pageFlags() >>> 0,
    (core.ramBytes() >>> 0) / CHUNK_BYTES,
  );
  for (let page = 0; page < flags.length; page++) {
    if (flags[page] !== 0) {
      yield first + page;
    }
  }
}

function chunkAt(memory: Uint8Array, index: number): Uint8Array {
  return memory.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
}

function isZero(bytes: Uint8Array): boolean {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, CHUNK_BYTES / 4);
  for (let index = 0; index < words.length; index++) {
    if (words[index] !== 0) {
      return false;
    }
  }
  return true;
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  const left = new Uint32Array(one.buffer, one.byteOffset, CHUNK_BYTES / 4);
  const right = new Uint32Array(other.buffer, other.byteOffset, CHUNK_BYTES / 4);
  for (let index = 0; index < left.length; index++) {
    if (left[index] !== right[index]) {
      return false;
    }
  }
  return true;
}
