// Writes the body of one LLVM function, line by line, and keeps Wasm's operand stack while doing so.
//
// A value on the stack is an SSA name or a literal, plus these forms, which are derived from it on demand:
//
//     text   the i32 or i64 itself
//     wide   for an i32, its *twin*: an i64 that is equal to it modulo 2^32. Only memory accesses use it
//     bit    for the result of a comparison: the i1, so that a branch need not compare again
//     fork   for the result of `&&` or `||` that is about to be branched on: the two places at which the code stands already
//
// Twins make addresses free. LLVM must assume that an i32 sum wraps at 2 GiB, so an address computed in i32
// needs a sign extension before each access. The twin carries the same sum in 64 bits. It is not always the sign
// extension of the i32, only congruent to it, and that is enough: nothing but the lowest and the highest 2 GiB of the
// address space is ever mapped, so a twin either is the address that Wasm means, or faults (docs/toolchain.md).

import type { IntegerType } from "../wasm/module.ts";
import { type TrapCall, type TrapReason, trapInstruction } from "./instructions/traps.ts";
import { literal } from "./text.ts";

/** Two labels that the code has branched to, and no block is open: where a condition holds, and where not. */
export interface Fork {
  readonly yes: string;
  readonly no: string;
}

/** An operand. A derived form is written out when it is first asked for. A stack value is consumed once. */
export class Value {
  readonly type: IntegerType;
  private readonly makeText: () => string;
  private readonly makeWide: (() => string) | undefined;
  private textMade: string | undefined;
  private wideMade: string | undefined;
  /** The i1 of a comparison. */
  readonly bit: string | undefined;
  /** Where the code stands. Asking for the text brings both ways together again. */
  readonly fork: Fork | undefined;

  constructor(
    type: IntegerType,
    text: string | (() => string),
    derived: {
      readonly wide?: (() => string) | undefined;
      readonly bit?: string;
      readonly fork?: Fork;
    } = {},
  ) {
    this.type = type;
    this.makeText = typeof text === "string" ? () => text : text;
    this.makeWide = derived.wide;
    this.bit = derived.bit;
    this.fork = derived.fork;
  }

  get text(): string {
    this.textMade ??= this.makeText();
    return this.textMade;
  }

  /** The 64-bit twin of an i32 (an i64 is its own). */
  wide(builder: Builder): string {
    this.wideMade ??= this.findWide(builder);
    return this.wideMade;
  }

  private findWide(builder: Builder): string {
    if (this.makeWide !== undefined) {
      return this.makeWide();
    }
    if (this.type === "i64" || literal(this.text) !== undefined) {
      return this.text;
    }
    return builder.assign(`sext i32 ${this.text} to i64`);
  }
}

export class Builder {
  private readonly allocas: string[] = [];
  private readonly lines: string[] = [];
  private readonly traps: string[] = [];
  private readonly trapCall: TrapCall;
  private temporaries = 0;
  private labels = 0;
  private readonly names = new Set<string>();
  /** The suffix of every emitted instruction: `, !dbg !7`, or nothing. */
  location = "";
  readonly stack: Value[] = [];
  /** Whether the place of the next instruction can be reached. */
  reachable = true;

  constructor(trapCall: TrapCall = trapInstruction) {
    this.trapCall = trapCall;
  }

  push(value: Value): void {
    this.stack.push(value);
  }

  /** Pushes a value that already has a name, or is a literal. */
  pushText(type: IntegerType, text: string): void {
    this.stack.push(new Value(type, text));
  }

  /** Emits an instruction and pushes its result. */
  pushNew(type: IntegerType, expression: string): void {
    this.pushText(type, this.assign(expression));
  }

  /** Takes the top of the stack. A validated module never takes from an empty one. */
  pop(): Value {
    const value = this.stack.pop();
    if (value === undefined) {
      throw new Error("the Wasm operand stack is empty: the module is not valid");
    }
    return value;
  }

  /** Takes `count` values, in the order in which they were pushed. */
  popMany(count: number): Value[] {
    if (count > this.stack.length) {
      throw new Error("the Wasm operand stack is too short: invalid module");
    }
    return this.stack.splice(this.stack.length - count, count);
  }

  emit(instruction: string): void {
    this.lines.push(`  ${instruction}${this.location}`);
  }

  /** Writes a line unchanged: debug records carry their location themselves. */
  emitRecord(record: string): void {
    this.lines.push(`  ${record}`);
  }

  /** Emits `%t1 = expression` and gives `%t1`. */
  assign(expression: string): string {
    this.temporaries++;
    const name = `%t${this.temporaries}`;
    this.emit(`${name} = ${expression}`);
    return name;
  }

  /** A unique name for a local or a slot: `hint` itself if it is free. */
  uniqueName(hint: string): string {
    const base = hint.replace(/[^A-Za-z0-9_.]/g, "_");
    let name = base;
    for (let count = 1; this.names.has(name); count++) {
      name = `${base}.${count}`;
    }
    this.names.add(name);
    return `%v.${name}`;
  }

  /** Reserves a stack slot in the entry block. LLVM's mem2reg makes it a register again. */
  alloca(hint: string, type: string): string {
    const name = this.uniqueName(hint);
    this.allocas.push(`  ${name} = alloca ${type}`);
    return name;
  }

  newLabel(kind: string): string {
    this.labels++;
    return `${kind}${this.labels}`;
  }

  /** Begins a basic block; the one before must have ended with a branch. */
  begin(label: string): void {
    this.lines.push(`${label}:`);
    this.reachable = true;
  }

  branch(label: string): void {
    this.emit(`br label %${label}`);
  }

  branchIf(condition: string, then: string, otherwise: string): void {
    this.emit(`br i1 ${condition}, label %${then}, label %${otherwise}`);
  }

  /** Pushes a condition on which the code has branched, as an i32 that is 1 or 0. */
  pushFork(fork: Fork): void {
    this.push(new Value("i32", () => this.join(fork), { fork }));
  }

  private join({ yes, no }: Fork): string {
    const slot = this.alloca("condition", "i32");
    const joined = this.newLabel("joined");
    for (const [label, value] of [
      [yes, 1],
      [no, 0],
    ] as const) {
      this.begin(label);
      this.emit(`store i32 ${value}, ptr ${slot}`);
      this.branch(joined);
    }
    this.begin(joined);
    return this.assign(`load i32, ptr ${slot}`);
  }

  /** The i1 that says whether an i32 is not zero. */
  condition(value: Value): string {
    return value.bit ?? this.assign(`icmp ne i32 ${value.text}, 0`);
  }

  /** Ends the block: nothing behind it is reached. */
  trap(reason: TrapReason): void {
    this.emit(this.trapCall(reason));
    this.emit("unreachable");
    this.reachable = false;
  }

  /** Goes on only if `condition` (an i1) is false. The trap itself is behind the function's last block. */
  trapIf(condition: string, reason: TrapReason): void {
    const trap = this.newLabel("trap");
    const next = this.newLabel("next");
    this.branchIf(condition, trap, next);
    this.traps.push(
      `${trap}:`,
      `  ${this.trapCall(reason)}${this.location}`,
      `  unreachable${this.location}`,
    );
    this.begin(next);
  }

  /** The function's body, without its braces. */
  finish(): string[] {
    return ["entry:", ...this.allocas, ...this.lines, ...this.traps];
  }
}
