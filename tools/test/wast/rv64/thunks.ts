// Connects the driver's table of commands with functions of any type: LLVM IR that takes arguments out of memory, calls
// the function, and reports each result as an event. The driver's code knows no types, and LLVM cannot see which
// function is called with which arguments, so nothing is computed at build time.

import { abiType, resultType } from "../../../../toolchain/ir/text.ts";
import { type FunctionType, typeKey, type ValueType } from "../../../../toolchain/wasm/module.ts";

/** The kind of a result's event. Greater numbers are calls of imports. */
export const RESULT_EVENT = 1;

/** The thunks of a program, one for each type. */
export class Thunks {
  readonly lines: string[] = [];
  private readonly known = new Set<string>();

  /** The symbol of the thunk that calls a function of this type. The type has integers only, and one result at most. */
  call(type: FunctionType): string {
    const symbol = `@thunk.${typeKey(type).replaceAll(",", ".").replace("->", ".to.")}`;
    if (this.known.has(symbol)) {
      return symbol;
    }
    this.known.add(symbol);
    const loads = type.params.flatMap((param, index) => [
      `  %at${index} = getelementptr i64, ptr %arguments, i64 ${index}`,
      `  %a${index} = load ${param}, ptr %at${index}`,
    ]);
    const list = type.params.map((param, index) => `${abiType(param, "parameter")} %a${index}`).join(", ");
    const [result] = type.results;
    this.lines.push(
      `define internal void ${symbol}(ptr %target, ptr %arguments) #0 {`,
      "entry:",
      ...loads,
      `  ${result === undefined ? "" : "%result = "}call ${resultType(type)} %target(${list})`,
      ...(result === undefined ? [] : eventLines(RESULT_EVENT, "%result", result)),
      "  ret void",
      "}",
      "",
    );
    return symbol;
  }

  /** The symbol of the thunk that reports a global of this type. */
  get(type: ValueType): string {
    const symbol = `@thunk.get.${type}`;
    if (this.known.has(symbol)) {
      return symbol;
    }
    this.known.add(symbol);
    this.lines.push(
      `define internal void ${symbol}(ptr %target, ptr %arguments) #0 {`,
      "entry:",
      `  %value = load ${type}, ptr %target`,
      ...eventLines(RESULT_EVENT, "%value", type),
      "  ret void",
      "}",
      "",
    );
    return symbol;
  }
}

/** Reports an integer. */
export function eventLines(kind: number, value: string, type: ValueType): string[] {
  const wide = `${value}.wide`;
  return [
    ...(type === "i32" ? [`  ${wide} = sext i32 ${value} to i64`] : []),
    `  call void @wasm_event(i64 ${kind}, i64 ${type === "i32" ? wide : value})`,
  ];
}
