// What a machine's state is made of, for a hash (recording.ts). If two machines have the same hash, they did the same.
// Nothing here is Node's.

import { SINK_OFFSET } from "../../build/gen/host/machine/core/hart/hart.ts";
import { PAGE_BYTES } from "../../build/gen/host/machine/core/layout.ts";
import { type EmbeddedMachine, RAM_START } from "./machine.ts";

const REGISTER_BYTES = 8;

/**
 * The clock, every hart's registers and CSRs, and each page of RAM that is not all zero, with its address. It leaves out what
 * no program can see: caches, and the last value that was written to x0. Each part holds only until the next one is asked for.
 */
export function* stateParts(machine: EmbeddedMachine): Generator<Uint8Array<ArrayBuffer>> {
  const { core, settings } = machine;
  const text = new TextEncoder();
  yield text.encode(`clock ${core.clock()}\n`);
  const memory = new Uint8Array(core.memory.buffer);
  for (let hart = 0; hart < settings.harts; hart++) {
    const at = core.hartAt(hart) >>> 0;
    const state = memory.subarray(at, at + Number(core.HART_STATE_BYTES.value));
    yield text.encode(`hart ${hart}\n`);
    yield state.subarray(0, SINK_OFFSET);
    yield state.subarray(SINK_OFFSET + REGISTER_BYTES);
  }
  const ram = core.ramBase() >>> 0;
  const flags = core.pageFlags() >>> 0;
  const pages = (core.ramBytes() >>> 0) / PAGE_BYTES;
  for (let page = 0; page < pages; page++) {
    const at = ram + page * PAGE_BYTES;
    // A page that was never written is zero.
    if (memory[flags + page] !== 0 && !isZero(core.memory.buffer, at)) {
      yield text.encode(`page ${RAM_START + page * PAGE_BYTES}\n`);
      yield memory.subarray(at, at + PAGE_BYTES);
    }
  }
}

function isZero(buffer: ArrayBuffer, at: number): boolean {
  const words = new Uint32Array(buffer, at, PAGE_BYTES / 4);
  for (let index = 0; index < words.length; index++) {
    if (words[index] !== 0) {
      return false;
    }
  }
  return true;
}
