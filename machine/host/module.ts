// Makes instances of the core's Wasm module. Each instance is one machine.
//
// Nothing here is Node's: it works in a browser too. A missing import or export is found when the instance is made, not in
// the middle of a run.

import { constantNames, functionNames } from "../../build/gen/host/machine/core/module.ts";
import type { Core, HostFunctions } from "./core.ts";
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
      consoleByte: host.consoleByte,
      allWait: host.allWait ?? (() => {}),
      traceEvent: host.traceEvent ?? (() => {}),
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

function isCore(exports: object): exports is Core {
  const known: Record<string, unknown> = { ...exports };
  return (
    known.memory instanceof WebAssembly.Memory &&
    known.table instanceof WebAssembly.Table &&
    constantNames.every((name) => known[name] instanceof WebAssembly.Global) &&
    functionNames.every((name) => typeof known[name] === "function")
  );
}
