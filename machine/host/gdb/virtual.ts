// Memory as a hart sees it: by virtual address, through the hart's own translation. Nothing here is Node's.

import { type EmbeddedMachine, RAM_START } from "../machine.ts";
import type { Part } from "./watchpoints.ts";

const NOWHERE = 2n ** 64n - 1n;
const ADDRESS_END = 2n ** 64n;
const PAGE = 4096n;

/** The RAM of a range as a hart sees it now, a part for each page. Ends where there is none. */
export function* partsOf(
  { core }: EmbeddedMachine,
  hart: number,
  address: bigint,
  byteCount: number,
): Generator<Part> {
  const ramEnd = BigInt(RAM_START) + BigInt(core.ramBytes() >>> 0);
  for (let done = 0; done < byteCount; ) {
    const at = address + BigInt(done);
    const bytes = Math.min(byteCount - done, Number(PAGE - (at % PAGE)));
    const physical = at < ADDRESS_END ? BigInt.asUintN(64, core.physicalAddress(hart, at)) : NOWHERE;
    if (physical < BigInt(RAM_START) || physical + BigInt(bytes) > ramEnd) {
      return;
    }
    yield { address: physical, bytes };
    done += bytes;
  }
}

/** The RAM of a whole range. Undefined if some of it is not RAM. */
export function wholeParts(
  machine: EmbeddedMachine,
  hart: number,
  address: bigint,
  byteCount: number,
): Part[] | undefined {
  const parts = [...partsOf(machine, hart, address, byteCount)];
  return parts.reduce((sum, { bytes }) => sum + bytes, 0) === byteCount ? parts : undefined;
}

/** Memory as a hart sees it now, from a virtual address on. Ends where there is no memory. */
export function readVirtual(
  machine: EmbeddedMachine,
  hart: number,
  address: bigint,
  byteCount: number,
): Uint8Array<ArrayBuffer> {
  const memory = new Uint8Array(byteCount);
  let done = 0;
  for (const { address: physical, bytes } of partsOf(machine, hart, address, byteCount)) {
    memory.set(machine.readMemory(Number(physical), bytes), done);
    done += bytes;
  }
  return memory.subarray(0, done);
}
