// The startup page (source/abi/startup.ts), as the fake kernel writes it and as a test reads it.
//
//   0 magic u32 │ 4 entries u32 │ 8 timebase u64 │ 16 extensions u64 │ 24 argument │ 152 entries, 32 bytes each

import { startupMagic, TIMEBASE } from "../abi.ts";

const EXTENSIONS_OFFSET = 16;
const ARGUMENT_OFFSET = 24;
const ENTRIES_OFFSET = 152;
const ENTRY_BYTES = 32;

/** An entry: a role, the slot of its capability, and what belongs to it. */
export interface StartupEntry {
  readonly role: number;
  readonly slot: number;
  readonly base?: bigint | number;
  readonly size?: bigint | number;
  readonly irq?: number;
  readonly instance?: number;
}

/** An entry as it was read: nothing is left out. */
export interface FoundEntry {
  readonly role: number;
  readonly slot: number;
  readonly base: bigint;
  readonly size: bigint;
  readonly irq: number;
  readonly instance: number;
}

export function writeStartupPage(page: Uint8Array, argument: string, entries: readonly StartupEntry[]): void {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  view.setUint32(0, startupMagic, true);
  view.setUint32(4, entries.length, true);
  view.setBigUint64(8, TIMEBASE, true);
  page.set(new TextEncoder().encode(argument), ARGUMENT_OFFSET);
  for (const [index, { role, slot, base = 0n, size = 0n, irq = 0, instance = 0 }] of entries.entries()) {
    const at = ENTRIES_OFFSET + index * ENTRY_BYTES;
    view.setUint32(at, role, true);
    view.setUint32(at + 4, slot, true);
    view.setBigUint64(at + 8, BigInt(base), true);
    view.setBigUint64(at + 16, BigInt(size), true);
    view.setUint32(at + 24, irq, true);
    view.setUint32(at + 28, instance, true);
  }
}

export function readStartupPage(page: Uint8Array): {
  timebase: bigint;
  extensions: bigint;
  argument: string;
  entries: FoundEntry[];
} {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  if (view.getUint32(0, true) !== startupMagic) {
    throw new Error("a startup page with another magic");
  }
  const entries = Array.from({ length: view.getUint32(4, true) }, (_, index) => {
    const at = ENTRIES_OFFSET + index * ENTRY_BYTES;
    return {
      role: view.getUint32(at, true),
      slot: view.getUint32(at + 4, true),
      base: view.getBigUint64(at + 8, true),
      size: view.getBigUint64(at + 16, true),
      irq: view.getUint32(at + 24, true),
      instance: view.getUint32(at + 28, true),
    };
  });
  const argument = new TextDecoder().decode(page.subarray(ARGUMENT_OFFSET, ENTRIES_OFFSET));
  return {
    timebase: view.getBigUint64(8, true),
    extensions: view.getBigUint64(EXTENSIONS_OFFSET, true),
    argument: argument.replace(/\0+$/, ""),
    entries,
  };
}
