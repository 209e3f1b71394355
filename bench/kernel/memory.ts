// Reads the guest's memory as a hart sees it now, and finds a program's own code, to distinguish it from other programs' code at
// the same address.

import type { Segment } from "../../host/elf.ts";
import { readVirtual as readThere } from "../../machine/host/gdb/virtual.ts";
import type { Run } from "../../machine/host/run.ts";

/** How many bytes are compared to distinguish one program's code from another's. */
const CODE_BYTES = 16;

/** A program's code at an address. Undefined if the program has none there. */
export function codeAt(segments: readonly Segment[], address: bigint): Uint8Array | undefined {
  const at = Number(address);
  const segment = segments.find((each) => each.address <= at && at < each.address + each.bytes.length);
  if (segment === undefined) {
    return undefined;
  }
  return segment.bytes.subarray(at - segment.address, at - segment.address + CODE_BYTES);
}

/** `byteCount` bytes at a virtual address. Undefined if not all of them are memory. */
export function readVirtual(
  run: Run,
  hart: number,
  address: bigint,
  byteCount: number,
): Uint8Array | undefined {
  const found = readThere(run.machine, hart, address, byteCount);
  return found.length < byteCount ? undefined : found;
}

/** Whether a hart sees these bytes at a virtual address. */
export function hasBytes(run: Run, hart: number, address: bigint, bytes: Uint8Array): boolean {
  const found = readVirtual(run, hart, address, bytes.length);
  return found?.every((byte, index) => byte === bytes[index]) ?? false;
}
