// Decides what an imported function means. asc names the import's module after the last part of the file that declares
// it, so three file names are enough:
//
//     …/intrinsics.ts   written out in place (intrinsics.ts)
//     …/assembly.ts     a symbol in hand-written assembly, called by the C convention
//     …/symbols.ts      no parameters, gives the address of the symbol of its name
//
// No module provides any other import, so it is refused at its first call.

import type { Diagnostic } from "../../host/problem.ts";
import type { Survey } from "../checks/survey.ts";
import { refusal } from "../wasm/error.ts";
import { typeKey, type WasmFunction } from "../wasm/module.ts";
import type { Callee } from "./function.ts";
import { intrinsics } from "./instructions/intrinsics.ts";
import { globalName } from "./text.ts";

export interface Imports {
  /** The callees by function index. */
  readonly callees: ReadonlyMap<number, Callee>;
  readonly findings: readonly Diagnostic[];
}

/** Decides for every imported function that can be called. */
export function resolveImports(survey: Survey): Imports {
  const callees = new Map<number, Callee>();
  const findings: Diagnostic[] = [];
  for (const fn of survey.module.functions) {
    if (fn.source === undefined || !survey.reachable.has(fn.index)) {
      continue;
    }
    const callee = resolve(fn, fn.source.module, fn.source.field);
    if (typeof callee !== "string") {
      callees.set(fn.index, callee);
      continue;
    }
    const [call] = survey.callsOf(fn.index);
    findings.push(...(call === undefined ? [refusal(callee)] : survey.blame(callee, call)));
  }
  return { callees, findings };
}

/** The callee, or the error of the import. */
function resolve(fn: WasmFunction, module: string, field: string): Callee | string {
  switch (module) {
    case "intrinsics": {
      const intrinsic = intrinsics.get(field);
      if (intrinsic === undefined) {
        return `there is no intrinsic called ${field}`;
      }
      if (typeKey(intrinsic.type) !== typeKey(fn.type)) {
        return `the intrinsic ${field} is declared as ${typeKey(fn.type)}, but is ${typeKey(intrinsic.type)}`;
      }
      return { kind: "intrinsic", intrinsic };
    }
    case "assembly":
      return { kind: "function", symbol: globalName(field) };
    case "symbols":
      if (typeKey(fn.type) !== "->i32") {
        return `the symbol ${field} has to be declared as (): usize`;
      }
      return { kind: "address", symbol: globalName(field) };
    default:
      return `${field} is imported from "${module}", but the translator provides only intrinsics, assembly and symbols`;
  }
}
