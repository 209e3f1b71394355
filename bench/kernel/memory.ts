// The guest's memory as a hart sees it at this moment.

import { RAM_START } from "../../machine/host/machine.ts";
import type { Run } from "../../machine/host/run.ts";

const PAGE_BYTES = 4096n;

/** `byteCount` bytes at a virtual address, as far as they are in its page; undefined where there is no memory. */
export function readVirtual(
  run: Run,
  hart: number,
  address: bigint,
  byteCount: number,
): Uint8Array | undefined {
  const physical = BigInt.asUintN(64, run.machine.core.physicalAddress(hart, address));
  if (physical < BigInt(RAM_START) || physical > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const rest = Number(PAGE_BYTES - (address % PAGE_BYTES));
  return run.machine.readMemory(Number(physical), Math.min(byteCount, rest));
}

/** Whether a hart sees these bytes at a virtual address, as far as they are in its page. */
export function hasBytes(run: Run, hart: number, address: bigint, bytes: Uint8Array): boolean {
  const found = readVirtual(run, hart, address, bytes.length);
  return found?.every((byte, index) => byte === bytes[index]) ?? false;
}
