// The core's Wasm module as TypeScript sees it: one instance is one machine.
//
// Nothing here is Node's: a browser gives the same module and the same two functions. Names and types are generated from
// machine/core/module.ts; a name that is missing is found when the instance is made, not in the middle of a run.

import {
  type Constants,
  constantNames,
  type Functions,
  functionNames,
} from "../../build/gen/host/machine/core/module.ts";

/** What the machine asks of its host (machine/core/host.ts). */
export interface HostFunctions {
  /** Copies bytes of the disk, from `offset`, into `target`. */
  diskRead: (offset: number, target: Uint8Array) => void;
  consoleByte: (byte: number) => void;
  /** Every hart waits, and time is about to be skipped. May look, and may not change anything. */
  allWait?: () => void;
  /** Something happened, if `setTrace` asked to be told; what the words mean stands in trace.ts. */
  traceEvent?: (kind: number, hart: number, clock: bigint, first: bigint, second: bigint) => void;
}

/** What the module exports. Addresses and counts are u32 unless they are bigint; yes and no are 1 and 0. */
export interface Core extends Functions, Constants {
  memory: WebAssembly.Memory;
}

/** Makes a machine of a compiled module. @throws Error if the module is not the machine's */
export function instantiate(module: WebAssembly.Module, host: HostFunctions): Core {
  let memory: WebAssembly.Memory | undefined;
  const diskRead = (offset: bigint, target: number, byteCount: number): void => {
    if (memory === undefined) {
      return;
    }
    host.diskRead(Number(offset), new Uint8Array(memory.buffer, target >>> 0, byteCount >>> 0));
  };
  const abort = (): never => {
    throw new Error("the machine found itself in a state that cannot be");
  };
  const instance = new WebAssembly.Instance(module, {
    host: {
      diskRead,
      consoleByte: host.consoleByte,
      allWait: host.allWait ?? (() => {}),
      traceEvent: host.traceEvent ?? (() => {}),
    },
    env: { abort },
  });
  const { exports } = instance;
  if (!isCore(exports)) {
    throw new Error("this is not the machine's module: build it again");
  }
  memory = exports.memory;
  return exports;
}

function isCore(exports: object): exports is Core {
  const known: Record<string, unknown> = { ...exports };
  return (
    known.memory instanceof WebAssembly.Memory &&
    constantNames.every((name) => known[name] instanceof WebAssembly.Global) &&
    functionNames.every((name) => typeof known[name] === "function")
  );
}
