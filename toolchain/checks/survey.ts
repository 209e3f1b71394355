// The basis of the checks: which functions of a module can run at all, which calls which, and where in TypeScript each
// instruction came from.
//
// A finding inside asc's own library (`Array#push` allocates) would not help, so it is traced back along the calls
// to the guest's own lines that reach it.

import type { Diagnostic, SourcePlace } from "../../host/problem.ts";
import type { Symbols } from "../ir/symbols.ts";
import { refusal } from "../wasm/error.ts";
import type { Instruction, WasmFunction, WasmModule } from "../wasm/module.ts";
import type { SourceMap } from "../wasm/sourcemap.ts";

/** An instruction in its function. */
export interface Site {
  readonly fn: WasmFunction;
  readonly instruction: Instruction;
}

export class Survey {
  readonly module: WasmModule;
  readonly symbols: Symbols;
  readonly sourceMap: SourceMap | undefined;
  /** Indices of the functions that are reached from an export, the start function or the table. */
  readonly reachable: ReadonlySet<number>;
  private readonly callers = new Map<number, Site[]>();

  constructor(module: WasmModule, symbols: Symbols, sourceMap: SourceMap | undefined) {
    this.module = module;
    this.symbols = symbols;
    this.sourceMap = sourceMap;
    this.reachable = this.walk();
  }

  /** The functions that have a body and can run, in the module's order. */
  get defined(): readonly WasmFunction[] {
    return this.module.functions.filter(({ index, body }) => body !== undefined && this.reachable.has(index));
  }

  /** Every instruction of every function that can run. */
  *sites(): Iterable<Site> {
    for (const fn of this.defined) {
      for (const instruction of fn.body?.instructions ?? []) {
        yield { fn, instruction };
      }
    }
  }

  /** The calls of a function from functions that can run. */
  callsOf(index: number): readonly Site[] {
    return this.callers.get(index) ?? [];
  }

  place({ fn, instruction }: Site): SourcePlace | undefined {
    if (fn.body === undefined) {
      return undefined;
    }
    const { start, end } = fn.body;
    return this.sourceMap?.place(instruction.offset, start) ?? this.sourceMap?.firstIn(start, end);
  }

  /** Where a function's code begins, preferably at a line of the file in its name. */
  placeOf(fn: WasmFunction): SourcePlace | undefined {
    if (fn.body === undefined) {
      return undefined;
    }
    const file = this.symbols.fileOf(fn.name);
    return (
      this.sourceMap?.firstIn(fn.body.start, fn.body.end, file) ??
      this.sourceMap?.firstIn(fn.body.start, fn.body.end)
    );
  }

  /** A finding at an instruction, with the function's name if no place is known. */
  finding(message: string, site: Site): Diagnostic {
    const place = this.place(site);
    return refusal(place === undefined ? `${message} (in ${site.fn.name})` : message, place);
  }

  /**
   * Findings about `site`: one there if it is the guest's own code, else one at each call from the guest's
   * code that leads to it. The same line and message is reported once.
   */
  blame(message: string, site: Site): readonly Diagnostic[] {
    if (!this.symbols.isLibrary(site.fn.name)) {
      return [this.finding(message, site)];
    }
    const found: Diagnostic[] = [];
    const seen = new Set<number>([site.fn.index]);
    const open = [site.fn.index];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      for (const call of this.callsOf(index)) {
        if (!this.symbols.isLibrary(call.fn.name)) {
          found.push(this.finding(`${message}, in ${site.fn.name}, which this reaches`, call));
        } else if (!seen.has(call.fn.index)) {
          seen.add(call.fn.index);
          open.push(call.fn.index);
        }
      }
    }
    return found.length > 0 ? found : [this.finding(message, site)];
  }

  private walk(): Set<number> {
    const { module } = this;
    const open = module.exports.filter(({ kind }) => kind === "function").map(({ index }) => index);
    if (module.start !== undefined) {
      open.push(module.start);
    }
    for (const { functions } of module.elements) {
      open.push(...functions.filter((index) => index !== undefined));
    }
    const reachable = new Set<number>();
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      const fn = module.functions[index];
      if (fn === undefined || reachable.has(index)) {
        continue;
      }
      reachable.add(index);
      for (const instruction of fn.body?.instructions ?? []) {
        if (instruction.kind !== "call") {
          continue;
        }
        const sites = this.callers.get(instruction.index);
        if (sites === undefined) {
          this.callers.set(instruction.index, [{ fn, instruction }]);
        } else {
          sites.push({ fn, instruction });
        }
        open.push(instruction.index);
      }
    }
    return reachable;
  }
}

/** Keeps the first finding of each line: one expression often becomes several instructions. */
export function onePerLine(findings: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return findings.filter(({ message, place }) => {
    const key = place === undefined ? message : `${place.file}:${place.line}`;
    if (seen.has(key)) {
      return false;
    }
    seen.add(key);
    return true;
  });
}
