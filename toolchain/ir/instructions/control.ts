// Turns structured control into basic blocks. Wasm's blocks nest, and a branch names how many it leaves; LLVM needs
// labels.
//
// A block's result goes through a slot (an alloca that mem2reg turns into a phi), but only where two paths
// meet: a block without a branch out of it simply goes on, with its values where they are. Code that cannot be
// reached is skipped by counting its nesting, because LLVM does not need it and Wasm's types are loose there.
//
// `a && b` is an `if` with a result, 0 in one arm. If that result is only branched on, the arms branch at once, as clang
// does for C. If two paths met and parted again, LLVM's first passes would not see that b was only computed where a
// holds.

import type { FunctionType, Instruction, IntegerType, ValueType } from "../../wasm/module.ts";
import { type Builder, type Fork, Value } from "../builder.ts";
import { literal } from "../text.ts";
import { type Condition, findConditions, findElses } from "./conditions.ts";

interface Frame {
  readonly kind: "function" | "block" | "loop" | "if";
  readonly type: FunctionType;
  /** How many operands are below this block's own. */
  readonly height: number;
  /** Where a branch to this frame goes: a loop's head, else the block's end. */
  readonly target: string;
  /** The values that a branch to this frame carries: a loop's parameters, else the block's results. */
  readonly carried: readonly Slot[];
  /** An `if`'s operands, for its other arm, and that arm's label. */
  readonly params: readonly Value[];
  otherwise: string | undefined;
  /** Whether some branch goes to `target`, so that it needs a block of its own. */
  branched: boolean;
  /** Where the arms of a condition branch to, instead of giving a result. */
  readonly fork: OwnFork | undefined;
}

interface OwnFork extends Fork {
  readonly by: Condition["by"];
}

interface Slot {
  readonly name: string;
  readonly type: IntegerType;
}

export class Control {
  private readonly builder: Builder;
  private readonly frames: Frame[] = [];
  /** Which `if`s (by instruction index) have an `else`. */
  private readonly withElse: ReadonlySet<number>;
  private readonly conditions: ReadonlyMap<number, Condition>;
  /** Blocks that were opened inside code that cannot be reached. */
  private skipped = 0;

  constructor(builder: Builder, type: FunctionType, instructions: readonly Instruction[]) {
    this.builder = builder;
    this.withElse = findElses(instructions);
    this.conditions = findConditions(instructions, this.withElse);
    this.open("function", { params: [], results: type.results }, "", [], []);
  }

  /**
   * Handles an instruction in code that cannot be reached.
   * @returns whether the instruction is handled; if not, it ends unreachable code
   */
  skip(instruction: Instruction): boolean {
    const { kind } = instruction;
    if (kind === "block" || kind === "loop" || kind === "if") {
      this.skipped++;
    } else if (kind === "end" && this.skipped > 0) {
      this.skipped--;
    } else if (kind === "end" || (kind === "else" && this.skipped === 0)) {
      return false;
    }
    return true;
  }

  block(type: FunctionType): void {
    const params = this.builder.popMany(type.params.length);
    this.open("block", type, this.builder.newLabel("end"), this.slots(type.results, "result"), params);
  }

  loop(type: FunctionType): void {
    const { builder } = this;
    const head = builder.newLabel("loop");
    const slots = this.slots(type.params, "carried");
    this.storeInto(slots, builder.popMany(type.params.length));
    builder.branch(head);
    builder.begin(head);
    this.open("loop", type, head, slots, []);
    this.loadFrom(slots);
  }

  /** @param index of the instruction in its body: says whether an `else` follows */
  if(type: FunctionType, index: number): void {
    const { builder } = this;
    const value = builder.pop();
    if (value.fork !== undefined && type.params.length === 0) {
      this.ifForked(value.fork, type, index);
      return;
    }
    const condition = builder.condition(value);
    // Both arms use the operands, so their derived forms must be before the branch.
    const params = builder.popMany(type.params.length).map((each) => settled(each));
    const fork = this.forkOf(type, index);
    const then = builder.newLabel("then");
    const end = builder.newLabel("end");
    const carried = fork === undefined ? this.slots(type.results, "result") : [];
    const otherwise = this.withElse.has(index) ? builder.newLabel("else") : undefined;
    if (otherwise === undefined) {
      this.storeInto(carried, params);
    }
    builder.branchIf(condition, then, otherwise ?? end);
    builder.begin(then);
    const frame = this.open("if", type, end, carried, params, fork);
    frame.otherwise = otherwise;
    frame.branched = otherwise === undefined;
  }

  /** An `if` on a condition on which the code has branched already. */
  private ifForked({ yes, no }: Fork, type: FunctionType, index: number): void {
    const { builder } = this;
    const fork = this.forkOf(type, index);
    const end = builder.newLabel("end");
    const carried = fork === undefined ? this.slots(type.results, "result") : [];
    const hasElse = this.withElse.has(index);
    if (!hasElse) {
      builder.begin(no);
      builder.branch(end);
    }
    builder.begin(yes);
    const frame = this.open("if", type, end, carried, [], fork);
    frame.otherwise = hasElse ? no : undefined;
    frame.branched = !hasElse;
  }

  /** Where the arms of this `if` branch to; undefined if its result is more than a condition. */
  private forkOf(type: FunctionType, index: number): OwnFork | undefined {
    const { builder } = this;
    const condition = this.conditions.get(index);
    if (condition === undefined || type.params.length > 0 || type.results[0] !== "i32") {
      return undefined;
    }
    const { by, flipped } = condition;
    if (by === "next") {
      return { by, yes: builder.newLabel("yes"), no: builder.newLabel("no") };
    }
    const outer = this.top().fork;
    return outer && { by, yes: flipped ? outer.no : outer.yes, no: flipped ? outer.yes : outer.no };
  }

  else(): void {
    const { builder } = this;
    const frame = this.top();
    if (builder.reachable) {
      this.leave(frame);
    }
    builder.stack.length = frame.height;
    if (frame.otherwise === undefined) {
      throw new Error("an else without its if: the module is not valid");
    }
    builder.begin(frame.otherwise);
    for (const param of frame.params) {
      builder.push(settled(param));
    }
  }

  /** Closes the innermost block, or the function itself. */
  end(): void {
    const { builder } = this;
    const frame = this.top();
    this.frames.pop();
    if (frame.kind === "function") {
      if (builder.reachable) {
        this.return(frame.type);
      }
    } else if (frame.fork !== undefined) {
      this.endCondition(frame, frame.fork);
    } else if (frame.kind !== "loop" && frame.branched) {
      if (builder.reachable) {
        this.leave(frame);
      }
      builder.stack.length = frame.height;
      builder.begin(frame.target);
      this.loadFrom(frame.carried);
    } else if (!builder.reachable) {
      builder.stack.length = frame.height;
    }
  }

  private endCondition(frame: Frame, { by, yes, no }: OwnFork): void {
    const { builder } = this;
    if (builder.reachable) {
      this.leave(frame);
    }
    builder.stack.length = frame.height;
    if (by === "arm") {
      this.top().branched ||= frame.branched;
    } else if (frame.branched) {
      builder.reachable = true;
      builder.pushFork({ yes, no });
    }
  }

  branch(depth: number): void {
    const frame = this.at(depth);
    if (frame.kind === "function") {
      this.return(frame.type);
    } else {
      this.leave(frame);
    }
  }

  branchIf(depth: number): void {
    const { builder } = this;
    const value = builder.pop();
    if (value.fork !== undefined && this.carriesNothing(depth)) {
      builder.begin(value.fork.yes);
      this.branch(depth);
      builder.begin(value.fork.no);
      return;
    }
    const condition = builder.condition(value);
    const next = builder.newLabel("next");
    builder.branchIf(condition, this.labelOf(depth), next);
    this.flush();
    builder.begin(next);
  }

  branchTable(depths: readonly number[], otherwise: number): void {
    const { builder } = this;
    const selector = builder.pop().text;
    const cases = depths.map((depth, index) => `i32 ${index}, label %${this.labelOf(depth)}`);
    builder.emit(`switch i32 ${selector}, label %${this.labelOf(otherwise)} [ ${cases.join(" ")} ]`);
    this.flush();
    builder.reachable = false;
  }

  return(type: FunctionType): void {
    const { builder } = this;
    const [result] = type.results;
    builder.emit(result === undefined ? "ret void" : `ret ${result} ${builder.pop().text}`);
    builder.reachable = false;
  }

  private open(
    kind: Frame["kind"],
    type: FunctionType,
    target: string,
    carried: readonly Slot[],
    params: readonly Value[],
    fork?: OwnFork,
  ): Frame {
    const height = this.builder.stack.length;
    const frame: Frame = {
      kind,
      type,
      height,
      target,
      carried,
      params,
      otherwise: undefined,
      branched: false,
      fork,
    };
    this.frames.push(frame);
    for (const param of params) {
      this.builder.push(param);
    }
    return frame;
  }

  private top(): Frame {
    return this.at(0);
  }

  private at(depth: number): Frame {
    const frame = this.frames[this.frames.length - 1 - depth];
    if (frame === undefined) {
      throw new Error(`a branch leaves ${depth} blocks: the module is not valid`);
    }
    return frame;
  }

  /** Ends the block with a branch to the frame's target, its values stored for the code there. */
  private leave(frame: Frame): void {
    if (frame.fork !== undefined) {
      this.leaveCondition(frame, frame.fork);
      return;
    }
    this.storeInto(frame.carried, this.builder.popMany(frame.carried.length));
    frame.branched = true;
    this.builder.branch(frame.target);
    this.builder.reachable = false;
  }

  /** Ends an arm of a condition. */
  private leaveCondition(frame: Frame, { yes, no }: Fork): void {
    const { builder } = this;
    const value = builder.pop();
    const constant = value.bit === undefined ? literal(value.text) : undefined;
    if (constant === undefined) {
      builder.branchIf(builder.condition(value), yes, no);
    } else {
      builder.branch(constant === 0n ? no : yes);
    }
    frame.branched = true;
    builder.reachable = false;
  }

  /** Whether a branch to this depth leaves the operands alone. */
  private carriesNothing(depth: number): boolean {
    const { kind, type, carried } = this.at(depth);
    return kind === "function" ? type.results.length === 0 : carried.length === 0;
  }

  /** Conditional branches out of the function go to small separate blocks, which wait here. */
  private readonly returns: { readonly label: string; readonly instruction: string }[] = [];

  /**
   * The label that a conditional branch jumps to. The carried values are stored before it, whether it is taken or not:
   * code that comes by another way stores its own values.
   */
  private labelOf(depth: number): string {
    const { builder } = this;
    const frame = this.at(depth);
    if (frame.kind === "function") {
      const label = builder.newLabel("return");
      const [result] = frame.type.results;
      const value = builder.stack[builder.stack.length - 1];
      const instruction = result === undefined ? "ret void" : `ret ${result} ${value?.text}`;
      this.returns.push({ label, instruction });
      return label;
    }
    const values = builder.stack.slice(builder.stack.length - frame.carried.length);
    this.storeInto(frame.carried, frame.carried.length === 0 ? [] : values);
    frame.branched = true;
    return frame.target;
  }

  private flush(): void {
    for (const { label, instruction } of this.returns.splice(0)) {
      this.builder.begin(label);
      this.builder.emit(instruction);
    }
  }

  private slots(types: readonly ValueType[], hint: string): Slot[] {
    return types.map((type) => {
      if (type !== "i32" && type !== "i64") {
        throw new Error("a block of floats was not refused");
      }
      return { name: this.builder.alloca(hint, type), type };
    });
  }

  private storeInto(slots: readonly Slot[], values: readonly Value[]): void {
    for (const [index, { name, type }] of slots.entries()) {
      const value = values[index];
      if (value !== undefined) {
        this.builder.emit(`store ${type} ${value.text}, ptr ${name}`);
      }
    }
  }

  private loadFrom(slots: readonly Slot[]): void {
    for (const { name, type } of slots) {
      this.builder.pushNew(type, `load ${type}, ptr ${name}`);
    }
  }
}

/** The same value, with only its text derived. */
function settled(value: Value): Value {
  return new Value(value.type, value.text);
}
