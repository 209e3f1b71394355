// Snapshots: a copy of the machine's memory, which is all of its state, and a way back to it.
//
// The one idea: memory is taken in chunks of 4 KiB, and a chunk that is as it was in an earlier snapshot is shared with
// it. Of RAM only the pages that were ever written are looked at (the machine keeps a flag for each); everything before
// RAM — registers, devices, caches — is copied where it is not zero. So a snapshot of a booted system takes a few
// milliseconds, and the next one a few pages. Nothing here is Node's.

import type { Core } from "./core.ts";

const CHUNK_BYTES = 4096;

/** A machine's memory at one moment. It belongs to the machine that it was taken of, or to one of the same shape. */
export interface Snapshot {
  /** The clock at that moment, in instructions. */
  clock: bigint;
  /** What is not zero, by number of the chunk. */
  chunks: Map<number, Uint8Array>;
}

/** Copies the machine's state. `earlier`, a snapshot of the same machine, saves memory. */
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
  const memory = new Uint8Array(core.memory.buffer);
  // The flags of the pages written since are still there: read them before they are overwritten.
  for (const index of [...usedChunks(core)]) {
    if (!snapshot.chunks.has(index)) {
      chunkAt(memory, index).fill(0);
    }
  }
  for (const [index, bytes] of snapshot.chunks) {
    chunkAt(memory, index).set(bytes);
  }
  // They are not in memory, so what memory says of them may be outdated, or of another machine.
  core.forgetTranslations();
}

/** Everything before RAM, and the pages of RAM that were ever written. */
function* usedChunks(core: Core): Generator<number> {
  const ram = core.ramBase() >>> 0;
  const first = ram / CHUNK_BYTES;
  for (let index = 0; index < first; index++) {
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
