// Memory as a hart sees it: by virtual address, through the hart's own translation. Nothing here is Node's.

import { type EmbeddedMachine, RAM_START } from "../machine.ts";
import type { Part } from "./watchpoints.ts";

const NOWHERE = 2n ** 64n - 1n;
const ADDRESS_END = 2n ** 64n;
const PAGE = 4096n;

/** A part of [address, address + byteCount) in each page, from the first on: how many bytes there are before it, and in it. */
export function* pagesOf(address: bigint, byteCount: number): Generator<[done: number, bytes: number]> {
  for (let done = 0; done < byteCount; ) {
    const bytes = Math.min(byteCount - done, Number(PAGE - ((address + BigInt(done)) % PAGE)));
    yield [done, bytes];
    done += bytes;
  }
}

/** Memory as a hart sees it now, from a virtual address on. Ends where there is no memory. */
export function readVirtual(
  machine: EmbeddedMachine,
  hart: number,
  address: bigint,
  byteCount: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(byteCount);
  for (const [done, part] of pagesOf(address, byteCount)) {
    const at = address + BigInt(done);
    const physical = at < ADDRESS_END ? physicalOf(machine, hart, at) : undefined;
    if (physical === undefined) {
      return bytes.subarray(0, done);
    }
    try {
      bytes.set(machine.readMemory(physical, part), done);
    } catch {
      return bytes.subarray(0, done);
    }
  }
  return bytes;
}

/** The physical address for a hart's virtual one. Undefined if there is no RAM. */
export function physicalOf(machine: EmbeddedMachine, hart: number, address: bigint): number | undefined {
  const found = BigInt.asUintN(64, machine.core.physicalAddress(hart, address));
  return found === NOWHERE || found < BigInt(RAM_START) ? undefined : Number(found);
}

/** The physical memory of a range, a part for each page. Undefined if some of it is not RAM. */
export function physicalParts(
  machine: EmbeddedMachine,
  hart: number,
  address: bigint,
  byteCount: number,
): Part[] | undefined {
  if (
    address + BigInt(byteCount) > ADDRESS_END ||
    readVirtual(machine, hart, address, byteCount).length < byteCount
  ) {
    return undefined;
  }
  const parts: Part[] = [];
  for (const [done, bytes] of pagesOf(address, byteCount)) {
    const physical = physicalOf(machine, hart, address + BigInt(done));
    if (physical === undefined) {
      return undefined;
    }
    parts.push({ address: BigInt(physical), bytes });
  }
  return parts;
}
