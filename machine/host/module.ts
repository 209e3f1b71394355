// The core's Wasm module as TypeScript sees it: one instance is one machine.
//
// Nothing here is Node's: a browser gives the same module and the same two functions. The types are what
// machine/core/module.ts exports; a name that is missing is found when the instance is made, not in the middle of a run.

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

/** What the module exports. Addresses and counts are u32 unless they are bigint. */
export interface Core {
  memory: WebAssembly.Memory;
  HART_STATE_BYTES: WebAssembly.Global;
  create: (harts: number, ramBytes: number) => number;
  seedInterleave: (seed: bigint) => void;
  busReset: (harts: number, sswi: number, clint: number) => void;
  attachDisk: (slot: number, version: number, byteCount: bigint) => number;
  clearFaults: () => void;
  addFault: (kind: number, first: bigint, last: bigint) => number;
  strikeCount: (kind: number) => bigint;
  firmwareBoot: (entry: bigint, tree: bigint, sstc: number) => number;
  powerOn: (address: bigint, a1: bigint, a2: bigint) => void;
  run: (instructions: bigint) => number;
  setTurns: (length: number) => void;
  setChaos: (mask: number) => void;
  addBreakpoint: (address: bigint) => number;
  clearBreakpoints: () => void;
  hasBreakpoints: () => number;
  requestStop: () => void;
  stopRequested: () => number;
  stoppedHart: () => number;
  busLoad: (hart: number, address: bigint, size: number) => bigint;
  setTrace: (on: number) => void;
  power: () => number;
  powerCode: () => number;
  uartReceive: (byte: number) => number;
  clock: () => bigint;
  retiredTotal: () => bigint;
  time: () => bigint;
  hartAt: (hart: number) => number;
  hartPc: (hart: number) => bigint;
  hartMode: (hart: number) => number;
  hartActivity: (hart: number) => number;
  lostAnswers: (hart: number) => number;
  hartPending: (hart: number) => bigint;
  hartEnabled: (hart: number) => bigint;
  hartRetired: (hart: number) => bigint;
  hartCsr: (hart: number, number: number) => bigint;
  setHartCsr: (hart: number, number: number, value: bigint) => void;
  setHartPc: (hart: number, address: bigint) => void;
  physicalAddress: (hart: number, address: bigint) => bigint;
  readRegister: (hart: number, register: number) => bigint;
  writeRegister: (hart: number, register: number, value: bigint) => void;
  ramBase: () => number;
  pageFlags: () => number;
  ramBytes: () => number;
  hostWrites: (address: bigint, byteCount: bigint) => number;
}

const functionNames: readonly (keyof Core)[] = [
  "create",
  "seedInterleave",
  "busReset",
  "attachDisk",
  "clearFaults",
  "addFault",
  "strikeCount",
  "firmwareBoot",
  "powerOn",
  "run",
  "setTurns",
  "setChaos",
  "addBreakpoint",
  "clearBreakpoints",
  "hasBreakpoints",
  "requestStop",
  "stopRequested",
  "stoppedHart",
  "busLoad",
  "setTrace",
  "power",
  "powerCode",
  "uartReceive",
  "clock",
  "retiredTotal",
  "time",
  "hartAt",
  "hartPc",
  "hartMode",
  "hartActivity",
  "lostAnswers",
  "hartPending",
  "hartEnabled",
  "hartRetired",
  "hartCsr",
  "setHartCsr",
  "setHartPc",
  "physicalAddress",
  "readRegister",
  "writeRegister",
  "ramBase",
  "pageFlags",
  "ramBytes",
  "hostWrites",
];

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
    known.HART_STATE_BYTES instanceof WebAssembly.Global &&
    functionNames.every((name) => typeof known[name] === "function")
  );
}
