// The guest's memory as a hart sees it at this moment: all that was asked for, or nothing.

import { readVirtual as readThere } from "../../machine/host/debugger.ts";
import type { Run } from "../../machine/host/run.ts";

/** `byteCount` bytes at a virtual address; undefined where not all of it is memory. */
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
