// A module as one of several in one program: the specification's tests and the fuzzer run these (tools/test/wast,
// tools/fuzz).
//
// Every symbol begins with the instance's name, imports are the exports of other instances, and `init` does the work of
// instantiation: elements, data, start. The bodies are written by the same code as a guest's (function.ts). With
// `checked` memory, table and calls have all the bounds of the specification, and a trap names its reason; with
// `direct` they are the same as a guest's, except that a trap comes after every earlier store. A function that has no
// translation traps when it is called.

import { type UntranslatableReason, untranslatable } from "../checks/floats.ts";
import type {
  ElementSegment,
  ExportKind,
  FunctionType,
  ImportName,
  ValueType,
  WasmFunction,
  WasmModule,
} from "../wasm/module.ts";
import { Builder, Value } from "./builder.ts";
import { type Callee, parameterList, type Surroundings, translateBody } from "./function.ts";
import {
  EMPTY_SLOT,
  growMemory,
  guardCall,
  mutableTable,
  mutableTableEntry,
  TABLE_ENTRY_BYTES,
} from "./instructions/checked.ts";
import { checked, direct, fieldOf, MemoryField, type Reach } from "./instructions/reach.ts";
import { type TrapCall, trapBehindStores, trapReasons } from "./instructions/traps.ts";
import { type ConstantTable, constantTableEntry, constantTableLines, type TypeIds } from "./table.ts";
import { byteArray, resultType } from "./text.ts";

/** One export of an instance. */
export type Exported =
  | { readonly kind: "function"; readonly symbol: string; readonly type: FunctionType }
  | {
      readonly kind: "global";
      readonly symbol: string;
      readonly type: ValueType;
      readonly mutable: boolean;
      readonly value: bigint | undefined;
    }
  /** The symbol of a descriptor (reach.ts, checked.ts). */
  | { readonly kind: "memory" | "table"; readonly symbol: string };

/** A guest's memory at address 0, or checked memory at an address, with room for `pagesMax` pages. */
export type InstanceMemory =
  | { readonly kind: "direct" }
  | { readonly kind: "checked"; readonly base: bigint; readonly pagesMax: number };

export interface InstanceOptions {
  /** The beginning of every symbol: letters, digits and dots. */
  readonly name: string;
  readonly memory: InstanceMemory;
  /** The numbers of function types, which all instances of a program share. */
  readonly typeIds: TypeIds;
  /** Gives the export that an import means. @throws if it cannot be linked */
  resolve(kind: ExportKind, name: ImportName): Exported;
}

export interface Instance {
  readonly lines: readonly string[];
  /** The exports by name. */
  readonly exports: ReadonlyMap<string, Exported>;
  /** The symbol of the function that instantiates. */
  readonly init: string;
  /** The functions that trap because they have no translation, and why, by symbol. */
  readonly untranslatable: ReadonlyMap<string, UntranslatableReason>;
}

/** Code under test reports the reason of a trap to the harness's `wasm_trap`. */
const trapWithReason: TrapCall = (reason) =>
  `call void @wasm_trap(i32 signext ${trapReasons.indexOf(reason) + 1}) noreturn`;

/** Writes a module as an instance. */
export function emitInstance(module: WasmModule, options: InstanceOptions): Instance {
  return new InstanceEmitter(module, options).emit();
}

class InstanceEmitter implements Surroundings {
  readonly reach: Reach;
  readonly trapCall: TrapCall;
  private readonly module: WasmModule;
  private readonly options: InstanceOptions;
  private readonly isChecked: boolean;
  private readonly functions: readonly string[];
  private readonly globals: readonly Extract<Exported, { kind: "global" }>[];
  private readonly memory: string;
  /** The descriptor of a checked table. */
  private readonly table: string;
  private readonly constantTable: ConstantTable;
  private readonly unable = new Map<string, UntranslatableReason>();

  constructor(module: WasmModule, options: InstanceOptions) {
    this.module = module;
    this.options = options;
    this.isChecked = options.memory.kind === "checked";
    this.trapCall = this.isChecked ? trapWithReason : trapBehindStores;
    const own = (what: string): string => `@${options.name}.${what}`;
    const imported = (kind: ExportKind, source: ImportName | undefined): string | undefined =>
      source && options.resolve(kind, source).symbol;
    this.functions = module.functions.map(
      ({ source, index }) => imported("function", source) ?? own(`function.${index}`),
    );
    this.globals = module.globals.map(({ type, mutable, value, source }, index) => {
      const symbol = imported("global", source) ?? own(`global.${index}`);
      return { kind: "global", symbol, type, mutable, value };
    });
    this.memory = imported("memory", module.memory?.source) ?? own("memory");
    this.table = imported("table", module.tables[0]?.source) ?? own("table");
    this.reach = this.isChecked ? checked(this.memory) : direct;
    const size = module.tables[0]?.initial ?? 0;
    this.constantTable = { entries: own("table"), types: own("table.types"), size };
  }

  emit(): Instance {
    const { module } = this;
    const bodies = module.functions.flatMap((fn) => this.define(fn));
    const init = `@${this.options.name}.init`;
    return {
      lines: [
        ...this.globalLines(),
        ...this.memoryLines(),
        ...this.tableLines(),
        ...module.data.flatMap(({ address, bytes }, index) => [
          `${this.passiveSegment(index)} = internal constant ${byteArray(bytes)}`,
          // An active segment is dropped after it is placed.
          `${this.passiveSegment(index)}.size = internal global i64 ${address === undefined ? bytes.length : 0}`,
        ]),
        ...bodies,
        `define internal void ${init}() #0 {`,
        ...this.initBody(),
        "}",
      ],
      exports: new Map(
        module.exports
          .filter(({ kind, index }) => kind !== "table" || index === 0)
          .map(({ name, kind, index }) => [name, this.exported(kind, index)]),
      ),
      init,
      untranslatable: this.unable,
    };
  }

  functionType(index: number): FunctionType {
    return at(this.module.functions, index).type;
  }

  callee(index: number): Callee {
    return { kind: "function", symbol: at(this.functions, index) };
  }

  indirectType(index: number): { readonly type: FunctionType; readonly id: number } {
    const type = at(this.module.types, index);
    return { type, id: this.options.typeIds.of(type) };
  }

  tableEntry(builder: Builder, selector: string, typeId: number): string {
    return this.isChecked
      ? mutableTableEntry(builder, this.table, selector, typeId)
      : constantTableEntry(builder, this.constantTable, selector, typeId);
  }

  /** An immutable global of known value is a number. One of another instance is read like a mutable one. */
  global(index: number): { readonly type: "i32" | "i64"; readonly name: string } | Value {
    const { type, mutable, value, symbol } = at(this.globals, index);
    if (type !== "i32" && type !== "i64") {
      throw new Error("a global of floats was not refused");
    }
    return mutable || value === undefined ? { type, name: symbol } : new Value(type, String(value));
  }

  passiveSegment(index: number): string {
    return `@${this.options.name}.data.${index}`;
  }

  memorySize(builder: Builder): void {
    if (this.isChecked) {
      const pages = builder.assign(`load i64, ptr ${fieldOf(this.memory, MemoryField.Pages)}`);
      builder.pushNew("i32", `trunc i64 ${pages} to i32`);
    } else {
      builder.pushText("i32", String(this.module.memory?.initial ?? 0));
    }
  }

  memoryGrow(builder: Builder): void {
    if (this.isChecked) {
      growMemory(builder, this.memory);
      return;
    }
    builder.pop();
    builder.pushText("i32", "-1");
  }

  around(builder: Builder, call: () => void): void {
    if (this.isChecked) {
      guardCall(builder, call);
    } else {
      call();
    }
  }

  private exported(kind: ExportKind, index: number): Exported {
    if (kind === "memory") {
      return { kind, symbol: this.memory };
    }
    if (kind === "table") {
      return { kind, symbol: this.table };
    }
    if (kind === "global") {
      return at(this.globals, index);
    }
    return { kind, symbol: at(this.functions, index), type: this.functionType(index) };
  }

  private define(fn: WasmFunction): string[] {
    const { body, index, type } = fn;
    if (body === undefined) {
      return [];
    }
    const symbol = at(this.functions, index);
    const why = untranslatable(this.module, fn);
    if (why !== undefined) {
      this.unable.set(symbol, why);
    }
    const lines =
      why === undefined
        ? translateBody(fn, body, this, undefined)
        : ["entry:", `  ${this.trapCall(why.reason)}`, "  unreachable"];
    return [`define internal ${resultType(type)} ${symbol}(${parameterList(type)}) #0 {`, ...lines, "}", ""];
  }

  private globalLines(): string[] {
    return this.module.globals.flatMap(({ type, source, value }, index) => {
      if (source !== undefined || (type !== "i32" && type !== "i64")) {
        return [];
      }
      return [`${at(this.globals, index).symbol} = internal global ${type} ${value ?? 0}`];
    });
  }

  private memoryLines(): string[] {
    const { memory } = this.module;
    const { memory: how } = this.options;
    if (how.kind !== "checked" || memory === undefined || memory.source !== undefined) {
      return [];
    }
    const { initial } = memory;
    const fields = [how.base, initial * 0x10000, initial, Math.max(how.pagesMax, initial)];
    return [
      `${this.memory} = internal global [4 x i64] [${fields.map((field) => `i64 ${field}`).join(", ")}]`,
    ];
  }

  private tableLines(): string[] {
    const { tables, elements } = this.module;
    const [table] = tables;
    if (table === undefined || table.source !== undefined) {
      return [];
    }
    if (this.isChecked) {
      return mutableTable(this.table, table.initial);
    }
    const filled = elements.flatMap(({ offset, functions }) =>
      functions.flatMap((index, position) =>
        index === undefined
          ? []
          : {
              slot: offset + position,
              symbol: at(this.functions, index),
              typeId: this.options.typeIds.of(this.functionType(index)),
            },
      ),
    );
    return constantTableLines(this.constantTable, filled);
  }

  /** Instantiation: elements, then data, each refused if it does not fit, then the start function. */
  private initBody(): string[] {
    const builder = new Builder(this.trapCall);
    if (this.isChecked) {
      for (const segment of this.module.elements) {
        this.placeElements(builder, segment);
      }
    }
    for (const [index, { address, bytes }] of this.module.data.entries()) {
      if (address === undefined) {
        continue;
      }
      const target = new Value("i32", String(address | 0));
      const to = this.reach.pointer(builder, target, 0, String(bytes.length));
      const from = this.passiveSegment(index);
      builder.emit(`call void @llvm.memcpy.p0.p0.i64(ptr ${to}, ptr ${from}, i64 ${bytes.length}, i1 false)`);
    }
    if (this.module.start !== undefined) {
      builder.emit(`call void ${at(this.functions, this.module.start)}()`);
    }
    builder.emit("ret void");
    return builder.finish();
  }

  private placeElements(builder: Builder, { offset, functions }: ElementSegment): void {
    const size = builder.assign(`load i64, ptr ${fieldOf(this.table, 8)}`);
    const fits = builder.assign(`icmp ugt i64 ${offset + functions.length}, ${size}`);
    builder.trapIf(fits, "out of bounds table access");
    const entries = builder.assign(`load ptr, ptr ${this.table}`);
    for (const [position, index] of functions.entries()) {
      const start = (offset + position) * TABLE_ENTRY_BYTES;
      const slot = builder.assign(`getelementptr i8, ptr ${entries}, i64 ${start}`);
      const typeId = index === undefined ? EMPTY_SLOT : this.options.typeIds.of(this.functionType(index));
      builder.emit(`store ptr ${index === undefined ? "null" : at(this.functions, index)}, ptr ${slot}`);
      const typeAt = builder.assign(`getelementptr i8, ptr ${slot}, i64 8`);
      builder.emit(`store i64 ${typeId}, ptr ${typeAt}`);
    }
  }
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  if (item === undefined) {
    throw new Error(`index ${index} is out of range: the module is not valid`);
  }
  return item;
}
