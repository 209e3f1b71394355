// Writes the module's text: header, globals, table, data, functions, declarations, DWARF, in this order.
//
// Every definition of the guest is `internal` unless it is exported, so LLVM may inline it, change its signature and
// drop it. Every function carries `null_pointer_is_valid`: an access through a null pointer is then an access at
// address 0, and no reason for LLVM to delete the code around it.

import { usesFloats } from "../checks/floats.ts";
import type { Survey } from "../checks/survey.ts";
import type { FunctionBody, FunctionType, Instruction, WasmFunction } from "../wasm/module.ts";
import { type Builder, Value } from "./builder.ts";
import { dataGlobal, globalDefinition, globalSymbol, type Layout, passiveGlobals } from "./data.ts";
import { Debug, type Subprogram } from "./debug.ts";
import { type Callee, type Locator, parameterList, type Surroundings, translateBody } from "./function.ts";
import { type Intrinsic, outOfLine, unrolled, usesZbb } from "./instructions/intrinsics.ts";
import { direct } from "./instructions/reach.ts";
import { trapInstruction } from "./instructions/traps.ts";
import { ATTRIBUTES, HEADER, intrinsicDeclarations, unrolledNodes, withLoopsUnrolled } from "./llvm.ts";
import { packedGlobal } from "./packed-data.ts";
import { type ConstantTable, constantTableEntry, constantTableLines, TypeIds } from "./table.ts";
import { globalName, llvmType, quoted, resultType } from "./text.ts";

/** The exported symbol of the guest's top-level code. It always exists, even if the code is empty. */
const START_SYMBOL = "__wasm_start";

const PAGE_BYTES = 0x10000;

export interface EmitOptions {
  readonly name: string;
  readonly trapFloatFunctions: boolean;
  readonly packsData: boolean;
  readonly inlined: readonly string[];
  readonly small: readonly string[];
}

export class Emitter implements Surroundings {
  private readonly survey: Survey;
  private readonly options: EmitOptions;
  private readonly layout: Layout;
  private readonly callees: Map<number, Callee>;
  private readonly debug: Debug | undefined;
  private readonly typeIds = new TypeIds();
  private readonly globals: (Value | { readonly type: "i32" | "i64"; readonly name: string })[];
  /** Symbols of the exported functions, in the module's order. */
  readonly exports: string[] = [];
  /** Symbols that another object has to define. */
  readonly externals: string[] = [];
  readonly reach = direct;
  readonly trapCall = trapInstruction;
  private readonly memoryPages: number;
  private readonly table: ConstantTable;

  constructor(survey: Survey, imported: ReadonlyMap<number, Callee>, layout: Layout, options: EmitOptions) {
    this.survey = survey;
    this.options = options;
    this.layout = layout;
    this.memoryPages = Math.ceil(layout.heapBase / PAGE_BYTES) | 0;
    this.table = { entries: "@table", types: "@table.types", size: survey.module.tables[0]?.initial ?? 0 };
    this.callees = new Map(imported);
    if (survey.sourceMap !== undefined) {
      this.debug = new Debug(options.name, (path) => survey.symbols.debugPath(path));
    }
    this.globals = survey.module.globals.map(({ type, mutable, name, value }) => {
      const integer = type === "i64" ? "i64" : "i32";
      return mutable ? { type: integer, name: globalSymbol(name) } : new Value(integer, String(value ?? 0));
    });
    this.nameFunctions();
  }

  /** The whole text. */
  emit(): string {
    const functions = this.survey.defined.map((fn) => this.define(fn));
    const lines = [
      `source_filename = ${quoted(this.options.name)}`,
      ...HEADER,
      "",
      ...this.globalLines(),
      ...this.tableLines(),
      ...(this.options.packsData ? packedGlobal : dataGlobal)(this.survey.module.data, this.layout),
      "",
      ...functions.flat(),
      ...this.startLines(),
      ...this.declarations(),
      ...intrinsicDeclarations(functions.flat()),
      "",
      ...ATTRIBUTES,
      ...unrolledNodes(functions.flat()),
      ...(this.debug === undefined ? [] : ["", ...this.debug.finish()]),
    ];
    return `${lines.join("\n")}\n`;
  }

  functionType(index: number): FunctionType {
    return this.functionAt(index).type;
  }

  callee(index: number): Callee {
    const callee = this.callees.get(index);
    if (callee === undefined) {
      throw new Error(`function ${index} has no symbol: the module is not valid`);
    }
    return callee;
  }

  indirectType(index: number): { readonly type: FunctionType; readonly id: number } {
    const type = this.survey.module.types[index];
    if (type === undefined) {
      throw new Error(`type ${index} does not exist: the module is not valid`);
    }
    return { type, id: this.typeIds.of(type) };
  }

  global(index: number): { readonly type: "i32" | "i64"; readonly name: string } | Value {
    const global = this.globals[index];
    if (global === undefined) {
      throw new Error(`global ${index} does not exist: the module is not valid`);
    }
    return global;
  }

  tableEntry(builder: Builder, selector: string, typeId: number): string {
    return constantTableEntry(builder, this.table, selector, typeId);
  }

  memorySize(builder: Builder): void {
    builder.pushText("i32", String(this.memoryPages));
  }

  /** Memory never grows: memory.grow always fails. */
  memoryGrow(builder: Builder): void {
    builder.pop();
    builder.pushText("i32", "-1");
  }

  around(_builder: Builder, call: () => void): void {
    call();
  }

  passiveSegment(index: number): string {
    return `@data.${index}`;
  }

  private functionAt(index: number): WasmFunction {
    const fn = this.survey.module.functions[index];
    if (fn === undefined) {
      throw new Error(`function ${index} does not exist: the module is not valid`);
    }
    return fn;
  }

  /** Exported functions get their export's name, the others their path. A name that is taken gets a number. */
  private nameFunctions(): void {
    const { module, symbols } = this.survey;
    const taken = new Set<string>();
    for (const { name, kind, index } of module.exports) {
      if (kind !== "function") {
        continue;
      }
      taken.add(name);
      this.exports.push(name);
      if (!this.callees.has(index)) {
        this.callees.set(index, { kind: "function", symbol: globalName(name) });
      }
    }
    for (const fn of this.survey.defined) {
      if (this.callees.has(fn.index)) {
        continue;
      }
      const base = fn.index === module.start ? START_SYMBOL : symbols.symbolOf(fn.name);
      let symbol = base;
      for (let count = 1; taken.has(symbol); count++) {
        symbol = `${base}.${count}`;
      }
      taken.add(symbol);
      this.callees.set(fn.index, { kind: "function", symbol: globalName(symbol) });
    }
  }

  private symbolOf(index: number): string {
    const callee = this.callee(index);
    if (callee.kind !== "function") {
      throw new Error(`function ${index} has no symbol`);
    }
    return callee.symbol;
  }

  private define(fn: WasmFunction): string[] {
    const { body } = fn;
    if (body === undefined) {
      return [];
    }
    const symbol = this.symbolOf(fn.index);
    const place = this.survey.placeOf(fn);
    const parts = fn.name.split("/");
    const subprogram =
      place === undefined
        ? undefined
        : this.debug?.subprogram(parts[parts.length - 1] ?? fn.name, unquoted(symbol), fn.type, place);
    const external = this.isExternal(fn);
    const module = moduleOf(this.survey.symbols.symbolOf(fn.name));
    const inlining = this.says(body, outOfLine)
      ? " noinline"
      : this.options.inlined.includes(module)
        ? " inlinehint"
        : "";
    const size = isBelow(module, this.options.small) ? " minsize" : "";
    const attributes = this.says(body, usesZbb) ? "#2" : "#0";
    const lines = this.bodyOf(fn, body, subprogram);
    // Each failed assertion keeps its own call: a panic's trace finds the place by the return address.
    const merging = /(^|\/)abort$/.test(fn.name) ? " nomerge" : "";
    const suffix = inlining + size + merging + (subprogram === undefined ? "" : ` !dbg !${subprogram.id}`);
    return [
      `define ${external ? "" : "internal "}${resultType(fn.type)} ${symbol}(${parameterList(fn.type)}) ${attributes}${suffix} {`,
      ...(this.says(body, unrolled) ? withLoopsUnrolled(lines) : lines),
      "}",
      "",
      ...this.aliases(fn),
    ];
  }

  /** Whether a function says this about itself. */
  private says(body: FunctionBody, what: Intrinsic): boolean {
    return body.instructions.some((instruction) => {
      if (instruction.kind !== "call") {
        return false;
      }
      const callee = this.callee(instruction.index);
      return callee.kind === "intrinsic" && callee.intrinsic === what;
    });
  }

  private isExternal(fn: WasmFunction): boolean {
    const { exports, start } = this.survey.module;
    return fn.index === start || exports.some(({ kind, index }) => kind === "function" && index === fn.index);
  }

  /** A function that is exported under several names has the first name; the others become aliases. */
  private aliases(fn: WasmFunction): string[] {
    const symbol = this.symbolOf(fn.index);
    const names = this.survey.module.exports
      .filter(({ kind, index }) => kind === "function" && index === fn.index)
      .map(({ name }) => globalName(name));
    if (fn.index === this.survey.module.start && names.length > 0) {
      names.push(`@${START_SYMBOL}`);
    }
    const types = fn.type.params.map((param) => llvmType[param]).join(", ");
    const [result] = fn.type.results;
    const type = `${result === undefined ? "void" : llvmType[result]} (${types})`;
    return names.filter((name) => name !== symbol).map((name) => `${name} = alias ${type}, ptr ${symbol}`);
  }

  private bodyOf(fn: WasmFunction, body: FunctionBody, subprogram: Subprogram | undefined): string[] {
    if (this.options.trapFloatFunctions && usesFloats(this.survey.module, fn)) {
      return ["entry:", "  call void @llvm.trap()", "  unreachable"];
    }
    return translateBody(fn, body, this, this.locator(fn, body, subprogram));
  }

  private locator(
    fn: WasmFunction,
    body: FunctionBody,
    subprogram: Subprogram | undefined,
  ): Locator | undefined {
    const { debug, survey } = this;
    if (debug === undefined || subprogram === undefined) {
      return undefined;
    }
    return {
      location: (instruction: Instruction) => {
        const place = survey.place({ fn, instruction });
        return place === undefined ? "" : debug.location(subprogram, place);
      },
      declare: (index, slot) => {
        const local = body.locals[index];
        if (local === undefined) {
          return undefined;
        }
        const argument = index < fn.type.params.length ? index + 1 : 0;
        return debug.declare(subprogram, local, argument, slot);
      },
    };
  }

  private globalLines(): string[] {
    return this.survey.module.globals.flatMap((global, index) => {
      const entry = this.globals[index];
      return entry === undefined || entry instanceof Value ? [] : [globalDefinition(entry.name, global)];
    });
  }

  /** The table and, beside it, the type of each slot's function. */
  private tableLines(): string[] {
    const { module } = this.survey;
    const lines = module.data.flatMap((segment, index) =>
      segment.address === undefined ? passiveGlobals(this.passiveSegment(index), segment) : [],
    );
    const indirect = [...this.survey.sites()].some(({ instruction }) => instruction.kind === "call_indirect");
    if (!indirect) {
      return lines;
    }
    const entries = module.elements.flatMap(({ offset, functions }) =>
      functions.flatMap((index, position) => {
        const callee = index === undefined ? undefined : this.callees.get(index);
        if (index === undefined || callee?.kind !== "function") {
          return [];
        }
        const typeId = this.typeIds.of(this.functionType(index));
        return [{ slot: offset + position, symbol: callee.symbol, typeId }];
      }),
    );
    return [...lines, ...constantTableLines(this.table, entries)];
  }

  private startLines(): string[] {
    if (this.survey.module.start !== undefined) {
      return [];
    }
    return [`define void @${START_SYMBOL}() #0 {`, "entry:", "  ret void", "}", ""];
  }

  /** Declares the symbols that assembly and the linker script define, unless this module defines them. */
  private declarations(): string[] {
    const defined = new Set(this.exports.map((name) => globalName(name)));
    const lines = new Map<string, string>();
    for (const fn of this.survey.module.functions) {
      const callee = fn.source === undefined ? undefined : this.callees.get(fn.index);
      if (callee === undefined || callee.kind === "intrinsic" || defined.has(callee.symbol)) {
        continue;
      }
      const parameters = parameterList(fn.type).replaceAll(/ %p\d+/g, "");
      if (callee.kind === "function") {
        lines.set(callee.symbol, `declare ${resultType(fn.type)} ${callee.symbol}(${parameters}) #0`);
      } else if (!lines.has(callee.symbol)) {
        lines.set(callee.symbol, `${callee.symbol} = external global i8`);
      }
    }
    this.externals.push(...[...lines.keys()].map(unquoted));
    return [...lines.values()];
  }
}

/** The name in `@"a/b"`. */
function unquoted(symbol: string): string {
  return symbol.replace(/^@"?/, "").replace(/"$/, "");
}

/** The module in the symbol of a function that is not exported: `neuron/sched/wake` of `neuron/sched/wake/wake`. */
function moduleOf(symbol: string): string {
  return symbol.slice(0, symbol.lastIndexOf("/"));
}

/** Whether a module is one of `places` or in a folder among them. */
function isBelow(module: string, places: readonly string[]): boolean {
  return places.some((place) => module === place || module.startsWith(`${place}/`));
}
