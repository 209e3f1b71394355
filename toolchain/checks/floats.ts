// Refuses floating point: the guest is built for rv64imac, and the kernel neither saves nor enables an FPU. Every
// instruction, signature and local of a float type is found, and so is everything else that a module may hold but the
// translator does not know (SIMD, references, atomic wait), because both leave the same trace: an instruction that the
// reader marked as refused.

import type { Diagnostic } from "../../host/problem.ts";
import {
  type FunctionType,
  isForeign,
  type ValueType,
  type WasmFunction,
  type WasmModule,
} from "../wasm/module.ts";
import { onePerLine, type Survey } from "./survey.ts";

function isFloat(type: ValueType): boolean {
  return type === "f32" || type === "f64";
}

function hasFloat(type: FunctionType): boolean {
  return type.params.some(isFloat) || type.results.some(isFloat);
}

/** The float that keeps a function from being translated, or undefined. */
function floatIn(module: WasmModule, fn: WasmFunction): string | undefined {
  if (hasFloat(fn.type)) {
    return "its signature";
  }
  if (fn.body?.locals.some(({ type }) => isFloat(type))) {
    return "a local";
  }
  for (const instruction of fn.body?.instructions ?? []) {
    if (instruction.kind === "refused" && instruction.float) {
      return instruction.op;
    }
    if (instruction.kind === "call" && hasFloat(module.functions[instruction.index]?.type ?? fn.type)) {
      return "a call";
    }
    if (instruction.kind === "call_indirect" && hasFloat(module.types[instruction.type] ?? fn.type)) {
      return "a call";
    }
    if (instruction.kind === "block" || instruction.kind === "loop" || instruction.kind === "if") {
      if (hasFloat(instruction.type)) {
        return "a block's type";
      }
    }
    if (instruction.kind === "global.get" || instruction.kind === "global.set") {
      const global = module.globals[instruction.index];
      if (global !== undefined && isFloat(global.type)) {
        return "a global";
      }
    }
  }
  return undefined;
}

/** Whether a function uses floats. Under `trapFloatFunctions` its body becomes a trap. */
export function usesFloats(module: WasmModule, fn: WasmFunction): boolean {
  return floatIn(module, fn) !== undefined;
}

/** Why a function has no translation: floats, or values that are neither integer nor float. Undefined if it has one. */
export function untranslatable(module: WasmModule, fn: WasmFunction): UntranslatableReason | undefined {
  const float = floatIn(module, fn);
  if (float !== undefined) {
    return { reason: "floating point", detail: float };
  }
  const detail = unknownIn(module, fn);
  return detail === undefined ? undefined : { reason: "no translation", detail };
}

export interface UntranslatableReason {
  readonly reason: "floating point" | "no translation";
  /** The instruction or another detail. */
  readonly detail: string;
}

function unknownIn(module: WasmModule, fn: WasmFunction): string | undefined {
  const own = unknownType(fn.type);
  if (own !== undefined) {
    return own;
  }
  for (const instruction of fn.body?.instructions ?? []) {
    if (instruction.kind === "refused") {
      return instruction.op;
    }
    const callee =
      instruction.kind === "call"
        ? module.functions[instruction.index]?.type
        : instruction.kind === "call_indirect"
          ? module.types[instruction.type]
          : undefined;
    const unknown = callee && unknownType(callee);
    if (unknown !== undefined) {
      return unknown;
    }
    if (instruction.kind === "global.get" || instruction.kind === "global.set") {
      const global = module.globals[instruction.index];
      if (global !== undefined && isForeign(global.type)) {
        return `a global of type ${global.type}`;
      }
    }
  }
  return undefined;
}

/** The part of a function's type that has no translation. */
function unknownType({ params, results }: FunctionType): string | undefined {
  const foreign = [...params, ...results].find(isForeign);
  if (foreign !== undefined) {
    return `a function of ${foreign}`;
  }
  return results.length > 1 ? "several results" : undefined;
}

/** @returns one finding for each line with floating point */
export function checkFloats(survey: Survey): Diagnostic[] {
  const findings: Diagnostic[] = [];
  for (const fn of survey.defined) {
    let inBody = false;
    for (const instruction of fn.body?.instructions ?? []) {
      if (instruction.kind !== "refused" || !instruction.float) {
        continue;
      }
      inBody = true;
      findings.push(
        ...survey.blame(`floating point (${instruction.op}): the guest has no FPU`, { fn, instruction }),
      );
    }
    const [first] = fn.body?.instructions ?? [];
    const other = inBody || first === undefined ? undefined : floatIn(survey.module, fn);
    if (other !== undefined && first !== undefined) {
      findings.push(
        ...survey.blame(`floating point (${other}): the guest has no FPU`, { fn, instruction: first }),
      );
    }
  }
  return onePerLine(findings);
}

/** @returns one finding for each line with an instruction that is neither integer nor float */
export function checkUnknown(survey: Survey): Diagnostic[] {
  const findings: Diagnostic[] = [];
  for (const site of survey.sites()) {
    const { instruction, fn } = site;
    if (instruction.kind === "refused" && !instruction.float) {
      findings.push(...survey.blame(`${instruction.op} has no translation to RV64`, site));
    }
    const type = instruction.kind === "call_indirect" ? survey.module.types[instruction.type] : fn.type;
    if ((type?.results.length ?? 0) > 1) {
      findings.push(...survey.blame("a function with several results has no translation to RV64", site));
    }
  }
  return onePerLine(findings);
}
