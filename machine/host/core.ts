// The core's Wasm module as TypeScript sees it: what it exports, and what it imports from its host. Names and types of its
// functions are generated from machine/core/module.ts.

import type { Constants, Functions } from "../../build/gen/host/machine/core/module.ts";

/** What the machine asks of its host (machine/core/host.ts). */
export interface HostFunctions {
  /** Copies bytes of the disk, from `offset`, into `target`. */
  diskRead: (offset: number, target: Uint8Array) => void;
  consoleByte: (byte: number) => void;
  /** Every hart waits, and time is about to be skipped. The host may look, but must not change anything. */
  allWait?: () => void;
  /** An event, if `setTrace` asked for events. machine/core/trace.ts says what the words mean. */
  traceEvent?: (kind: number, hart: number, clock: bigint, first: bigint, second: bigint) => void;
}

/** What the module exports. Addresses and counts are u32 unless they are bigint. True and false are 1 and 0. */
export interface Core extends Functions, Constants {
  memory: WebAssembly.Memory;
  /** Translated functions; the machine calls them by number. */
  table: WebAssembly.Table;
}
