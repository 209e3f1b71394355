// Makes instances of the core's Wasm module. Each instance is one machine.
//
// Nothing here is Node's: it works in a browser too. A missing import or export is found when the instance is made, not in
// the middle of a run.

import { constantNames, functionNames } from "../../build/gen/host/machine/core/module.ts";
import type { Core, HostFunctions } from "./core.ts";
import { restoreBlank, type Snapshot, takeSnapshot } from "./snapshot.ts";
import { TRANSLATION_LIMITS, type TranslationLimits, Translator } from "./translate/translator.ts";

/** Makes a machine of a compiled module. @throws Error if the module is not the machine's */
export function instantiate(
  module: WebAssembly.Module,
  host: HostFunctions,
  limits: TranslationLimits = TRANSLATION_LIMITS,
): Core {
  let memory: WebAssembly.Memory | undefined;
  let translator: Translator | undefined;
  const diskRead = (offset: bigint, target: number, byteCount: number): void => {
    if (memory === undefined) {
      return;
    }
    host.diskRead(Number(offset), new Uint8Array(memory.buffer, target >>> 0, byteCount >>> 0));
  };
  const abort = (): never => {
    throw new Error("the machine is in a state that is not possible");
  };
  const instance = new WebAssembly.Instance(module, {
    host: {
      diskRead,
      // Looked up at each call, because a Chassis passes the instance on.
      consoleByte: (byte: number) => host.consoleByte(byte),
      allWait: () => host.allWait?.(),
      traceEvent: (kind: number, hart: number, clock: bigint, first: bigint, second: bigint) =>
        host.traceEvent?.(kind, hart, clock, first, second),
      surveyPage: (page: number, again: number, interpreted: number) =>
        translator?.survey(page >>> 0, again !== 0, interpreted),
      translateEntry: (page: number, offset: number) => translator?.translate(page >>> 0, offset),
    },
    env: { abort },
  });
  const { exports } = instance;
  if (!isCore(exports)) {
    throw new Error("this is not the machine's module: build it again");
  }
  memory = exports.memory;
  translator = new Translator(exports, limits);
  return exports;
}

/** An instance with so many harts and so much RAM. @throws Error if there is no such machine */
export function createCore(
  module: WebAssembly.Module,
  harts: number,
  ramMebibytes: number,
  host: HostFunctions,
): Core {
  const core = instantiate(module, host);
  if (core.create(harts, ramMebibytes * 2 ** 20) === 0) {
    throw new Error(`there is no machine with ${harts} harts and ${ramMebibytes} MiB`);
  }
  return core;
}

/**
 * An instance of the module for machines that come one after the other. A machine ends when the next one begins. So memory that was touched once is used again, and translated functions keep their slots.
 */
export class Chassis {
  private readonly module: WebAssembly.Module;
  private readonly host: HostFunctions = { diskRead: () => {}, consoleByte: () => {} };
  /** The instance, its state before the first machine, and what it was created with. */
  private made: { core: Core; blank: Snapshot; harts: number; ramMebibytes: number } | undefined;

  constructor(module: WebAssembly.Module) {
    this.module = module;
  }

  /** The instance, as if it was just created. Another size needs another instance. */
  coreFor(harts: number, ramMebibytes: number, host: HostFunctions): Core {
    Object.assign(this.host, { allWait: undefined, traceEvent: undefined }, host);
    const { made } = this;
    if (made !== undefined && made.harts === harts && made.ramMebibytes === ramMebibytes) {
      restoreBlank(made.core, made.blank);
      return made.core;
    }
    const core = createCore(this.module, harts, ramMebibytes, this.host);
    this.made = { core, blank: takeSnapshot(core), harts, ramMebibytes };
    return core;
  }
}

function isCore(exports: object): exports is Core {
  const known: Record<string, unknown> = { ...exports };
  return (
    known.memory instanceof WebAssembly.Memory &&
    known.table instanceof WebAssembly.Table &&
    constantNames.every((name) => known[name] instanceof WebAssembly.Global) &&
    functionNames.every((name) => typeof known[name] === "function")
  );
}
