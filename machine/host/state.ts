// A machine's state as one SHA-256. If two runs end with the same hash, they did the same.

import { createHash } from "node:crypto";
import { SINK_OFFSET } from "../../build/gen/host/machine/core/hart/hart.ts";
import { PAGE_BYTES } from "../../build/gen/host/machine/core/layout.ts";
import { type EmbeddedMachine, RAM_START } from "./machine.ts";

const REGISTER_BYTES = 8;

/**
 * SHA-256 (64 hexadecimal digits) of the clock, every hart's registers and CSRs, and each page of RAM that is not all
 * zero, with its address. It leaves out what no program can see: caches, and the last value that was written to x0.
 */
export function stateHash(machine: EmbeddedMachine): string {
  const { core, settings } = machine;
  const hash = createHash("sha256");
  hash.update(`clock ${core.clock()}\n`);
  const memory = new Uint8Array(core.memory.buffer);
  for (let hart = 0; hart < settings.harts; hart++) {
    const at = core.hartAt(hart) >>> 0;
    const state = memory.subarray(at, at + Number(core.HART_STATE_BYTES.value));
    hash.update(`hart ${hart}\n`);
    hash.update(state.subarray(0, SINK_OFFSET)).update(state.subarray(SINK_OFFSET + REGISTER_BYTES));
  }
  const ram = core.ramBase() >>> 0;
  const zero = new Uint8Array(PAGE_BYTES);
  const byteCount = core.ramBytes() >>> 0;
  for (let offset = 0; offset < byteCount; offset += PAGE_BYTES) {
    const page = memory.subarray(ram + offset, ram + offset + PAGE_BYTES);
    if (Buffer.compare(page, zero) === 0) {
      continue;
    }
    hash.update(`page ${RAM_START + offset}\n`).update(page);
  }
  return hash.digest("hex");
}
