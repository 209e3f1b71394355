// Translates one function: its locals become stack slots, then each instruction goes through the operand stack.
//
// The body is walked twice. The first walk drops its text. It only finds out which i32 locals ever take part in
// an address, because only these need a second slot for their 64-bit twin (see builder.ts).

import type { FunctionBody, FunctionType, Instruction, WasmFunction } from "../wasm/module.ts";
import { Builder, Value } from "./builder.ts";
import { atomicCmpxchg, atomicFence, atomicLoad, atomicRmw, atomicStore } from "./instructions/atomics.ts";
import { Control } from "./instructions/control.ts";
import type { Intrinsic } from "./instructions/intrinsics.ts";
import { copy, drop, fill, init, load, store } from "./instructions/memory.ts";
import { numeric } from "./instructions/numeric.ts";
import type { Reach } from "./instructions/reach.ts";
import type { TrapCall } from "./instructions/traps.ts";
import { TwinNeeds } from "./instructions/twins.ts";
import { abiType, llvmType, resultType } from "./text.ts";

/** A function that can be called. */
export type Callee =
  | { readonly kind: "function"; readonly symbol: string }
  | { readonly kind: "intrinsic"; readonly intrinsic: Intrinsic }
  | { readonly kind: "address"; readonly symbol: string };

/** The parts of the module that a function's translation needs. */
export interface Surroundings {
  functionType(index: number): FunctionType;
  callee(index: number): Callee;
  indirectType(index: number): { readonly type: FunctionType; readonly id: number };
  /** Writes code that looks up a table's entry of a type, or traps. Gives the function to call. */
  tableEntry(builder: Builder, selector: string, typeId: number): string;
  /** A mutable global's name, or an immutable one's value. */
  global(index: number): { readonly type: "i32" | "i64"; readonly name: string } | Value;
  passiveSegment(index: number): string;
  readonly reach: Reach;
  readonly trapCall: TrapCall;
  memorySize(builder: Builder): void;
  memoryGrow(builder: Builder): void;
  /** Writes the code around every call. `call` writes the call itself. */
  around(builder: Builder, call: () => void): void;
}

/** The debug locations of a function's instructions. */
export interface Locator {
  /** The suffix of each instruction: `, !dbg !7`. */
  location(instruction: Instruction): string;
  /** The record that names a local, or undefined for a local without a name. */
  declare(local: number, slot: string): string | undefined;
}

/** Gives the text between a function's braces. */
export function translateBody(
  fn: WasmFunction,
  body: FunctionBody,
  surroundings: Surroundings,
  locator: Locator | undefined,
): string[] {
  const needs = new TwinNeeds();
  new Walk(fn, body, surroundings, undefined, needs).run();
  return new Walk(fn, body, surroundings, locator, needs.settle()).run();
}

/** The header's parameters, with the names that the body uses. */
export function parameterList(type: FunctionType): string {
  return type.params.map((param, index) => `${abiType(param, "parameter")} %p${index}`).join(", ");
}

interface Slot {
  readonly type: "i32" | "i64";
  readonly name: string;
  /** The twin's slot. */
  readonly wide: string | undefined;
}

type MemoryKind =
  | "load"
  | "store"
  | "atomic.load"
  | "atomic.store"
  | "atomic.rmw"
  | "atomic.cmpxchg"
  | "atomic.fence"
  | "memory.copy"
  | "memory.fill"
  | "memory.init"
  | "memory.size"
  | "memory.grow"
  | "data.drop";

/** Every instruction that reads, writes or asks about memory. */
type MemoryInstruction = Extract<Instruction, { readonly kind: MemoryKind }>;

/** One walk over a body. With TwinNeeds it collects the locals; with their final set it writes the code. */
class Walk {
  private readonly builder: Builder;
  private readonly control: Control;
  private readonly slots: Slot[] = [];
  private readonly fn: WasmFunction;
  private readonly body: FunctionBody;
  private readonly around: Surroundings;
  private readonly locator: Locator | undefined;
  private readonly twins: TwinNeeds | ReadonlySet<number>;

  constructor(
    fn: WasmFunction,
    body: FunctionBody,
    around: Surroundings,
    locator: Locator | undefined,
    twins: TwinNeeds | ReadonlySet<number>,
  ) {
    this.fn = fn;
    this.body = body;
    this.around = around;
    this.locator = locator;
    this.twins = twins;
    this.builder = new Builder(around.trapCall);
    this.control = new Control(this.builder, fn.type, body.instructions);
  }

  run(): string[] {
    const { builder, control, locator } = this;
    const [first] = this.body.instructions;
    if (locator !== undefined && first !== undefined) {
      builder.location = locator.location(first);
    }
    this.openLocals();
    for (const [index, instruction] of this.body.instructions.entries()) {
      if (!builder.reachable && control.skip(instruction)) {
        continue;
      }
      if (locator !== undefined) {
        builder.location = locator.location(instruction);
      }
      this.translate(instruction, index);
    }
    return builder.finish();
  }

  /** Gives each local a slot; parameters arrive in registers, the others begin as zero. */
  private openLocals(): void {
    const { builder, locator } = this;
    for (const [index, { type, name }] of this.body.locals.entries()) {
      if (type !== "i32" && type !== "i64") {
        throw new Error("a float local was not refused");
      }
      const hint = name ?? `local${index}`;
      const twin = type === "i32" && !(this.twins instanceof TwinNeeds) && this.twins.has(index);
      const slot = {
        type,
        name: builder.alloca(hint, type),
        wide: twin ? builder.alloca(`${hint}.wide`, "i64") : undefined,
      };
      this.slots.push(slot);
      const isParameter = index < this.fn.type.params.length;
      const record = locator?.declare(index, slot.name);
      if (record !== undefined) {
        builder.emitRecord(record);
      }
      this.setLocal(index, new Value(type, isParameter ? `%p${index}` : "0"));
    }
  }

  private translate(instruction: Instruction, index: number): void {
    const { builder, control } = this;
    switch (instruction.kind) {
      case "nop":
        break;
      case "unreachable":
        builder.trap("unreachable");
        break;
      case "block":
        control.block(instruction.type);
        break;
      case "loop":
        control.loop(instruction.type);
        break;
      case "if":
        control.if(instruction.type, index);
        break;
      case "else":
        control.else();
        break;
      case "end":
        control.end();
        break;
      case "br":
        control.branch(instruction.depth);
        break;
      case "br_if":
        control.branchIf(instruction.depth);
        break;
      case "br_table":
        control.branchTable(instruction.depths, instruction.otherwise);
        break;
      case "return":
        control.return(this.fn.type);
        break;
      case "call":
        this.call(instruction.index);
        break;
      case "call_indirect":
        this.callIndirect(instruction.type);
        break;
      case "drop":
        builder.pop();
        break;
      case "select":
        this.select();
        break;
      case "local.get":
        this.getLocal(instruction.index);
        break;
      case "local.set":
        this.setLocal(instruction.index, builder.pop());
        break;
      case "local.tee":
        this.setLocal(instruction.index, builder.pop());
        this.getLocal(instruction.index);
        break;
      case "global.get":
        this.getGlobal(instruction.index);
        break;
      case "global.set":
        this.setGlobal(instruction.index);
        break;
      case "const":
        builder.pushText(instruction.type, String(instruction.value));
        break;
      case "numeric":
        numeric(builder, instruction.op);
        break;
      case "refused":
        throw new Error(`${instruction.op} was not refused`);
      default:
        this.touchMemory(instruction);
    }
  }

  private touchMemory(instruction: MemoryInstruction): void {
    const { builder, around } = this;
    const { reach } = around;
    switch (instruction.kind) {
      case "load":
        load(builder, reach, instruction.access);
        break;
      case "store":
        store(builder, reach, instruction.access);
        break;
      case "atomic.load":
        atomicLoad(builder, reach, instruction.access);
        break;
      case "atomic.store":
        atomicStore(builder, reach, instruction.access);
        break;
      case "atomic.rmw":
        atomicRmw(builder, reach, instruction.op, instruction.access);
        break;
      case "atomic.cmpxchg":
        atomicCmpxchg(builder, reach, instruction.access);
        break;
      case "atomic.fence":
        atomicFence(builder);
        break;
      case "memory.copy":
        copy(builder, reach);
        break;
      case "memory.fill":
        fill(builder, reach);
        break;
      case "memory.init":
        init(builder, reach, around.passiveSegment(instruction.segment));
        break;
      case "data.drop":
        drop(builder, around.passiveSegment(instruction.segment));
        break;
      case "memory.size":
        around.memorySize(builder);
        break;
      case "memory.grow":
        around.memoryGrow(builder);
        break;
    }
  }

  private getGlobal(index: number): void {
    const global = this.around.global(index);
    if (global instanceof Value) {
      this.builder.push(global);
    } else {
      this.builder.pushNew(global.type, `load ${global.type}, ptr ${global.name}`);
    }
  }

  private setGlobal(index: number): void {
    const { builder } = this;
    const global = this.around.global(index);
    if (global instanceof Value) {
      throw new Error("a constant global is set: the module is not valid");
    }
    builder.emit(`store ${global.type} ${builder.pop().text}, ptr ${global.name}`);
  }

  private getLocal(index: number): void {
    const { builder, twins } = this;
    const { type, name, wide } = this.slotAt(index);
    const text = builder.assign(`load ${type}, ptr ${name}`);
    if (twins instanceof TwinNeeds) {
      builder.push(new Value(type, text, { wide: () => twins.note(index, text) }));
      return;
    }
    // Read the twin now: the local may have changed by the time that an access asks for it.
    const twin = wide === undefined ? undefined : builder.assign(`load i64, ptr ${wide}`);
    builder.push(new Value(type, text, { wide: twin === undefined ? undefined : () => twin }));
  }

  private setLocal(index: number, value: Value): void {
    const { builder, twins } = this;
    const { type, name, wide } = this.slotAt(index);
    builder.emit(`store ${type} ${value.text}, ptr ${name}`);
    if (twins instanceof TwinNeeds) {
      twins.flow(index, () => value.wide(builder));
    }
    if (wide !== undefined) {
      builder.emit(`store i64 ${value.wide(builder)}, ptr ${wide}`);
    }
  }

  private slotAt(index: number): Slot {
    const slot = this.slots[index];
    if (slot === undefined) {
      throw new Error(`local ${index} does not exist: the module is not valid`);
    }
    return slot;
  }

  private select(): void {
    const { builder } = this;
    const condition = builder.condition(builder.pop());
    const otherwise = builder.pop();
    const then = builder.pop();
    const { type } = then;
    builder.pushNew(type, `select i1 ${condition}, ${type} ${then.text}, ${type} ${otherwise.text}`);
  }

  private call(index: number): void {
    const { builder } = this;
    const callee = this.around.callee(index);
    if (callee.kind === "intrinsic") {
      callee.intrinsic.emit(builder);
    } else if (callee.kind === "function") {
      this.emitCall(callee.symbol, this.around.functionType(index));
    } else {
      const text = () => builder.assign(`ptrtoint ptr ${callee.symbol} to i32`);
      const wide = () => builder.assign(`ptrtoint ptr ${callee.symbol} to i64`);
      builder.push(new Value("i32", text, { wide }));
    }
  }

  private callIndirect(typeIndex: number): void {
    const { builder, around } = this;
    const { type, id } = around.indirectType(typeIndex);
    const selector = builder.pop().text;
    this.emitCall(around.tableEntry(builder, selector, id), type);
  }

  private emitCall(target: string, type: FunctionType): void {
    const { builder } = this;
    this.around.around(builder, () => this.emitBareCall(target, type));
  }

  private emitBareCall(target: string, type: FunctionType): void {
    const { builder } = this;
    const values = builder.popMany(type.params.length);
    const list = type.params.map((param, index) => `${abiType(param, "parameter")} ${values[index]?.text}`);
    const call = `call ${resultType(type)} ${target}(${list.join(", ")})`;
    const [result] = type.results;
    if (result === undefined) {
      builder.emit(call);
    } else if (result === "i32" || result === "i64") {
      builder.pushNew(result, call);
    } else {
      throw new Error(`a call that gives ${llvmType[result]} was not refused`);
    }
  }
}
