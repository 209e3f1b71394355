// Translates a group of blocks into one Wasm function.
//
// In the function, the guest's registers are locals: it loads them at its beginning and stores them at its end. It returns
// between two instructions, with the address where the hart goes on and the rest of the budget. It begins no block that the
// budget does not cover. So the instruction count is exact. Only the interpreter takes traps, so they are precise.
//
//     loop                      for each loop; entries inside are reached through its start
//       block … block
//         br_table              goes to the block of the entry
//       end  code of a block    a forward branch leads to such an `end`
//       end  code of a block
//     end

import { Op } from "../../../build/gen/host/machine/core/code/ops.ts";
import { SINK_OFFSET } from "../../../build/gen/host/machine/core/hart/hart.ts";
import { putAccess } from "./access.ts";
import { putArithmetic } from "./arithmetic.ts";
import { Access, Code, type Label, Wasm, type WasmFunction } from "./encoder.ts";
import { type Block, Ending, type Group } from "./flow.ts";
import { I32_LOCALS, Local, parameterTypes, Registers, resultTypes } from "./locals.ts";
import type { Instruction } from "./page.ts";
import { Plan } from "./plan.ts";
import { type Item, itemOf, type Scope } from "./scopes.ts";
import { putZbb } from "./zbb.ts";

/** The offsets in a hart's state that a translation needs. */
export interface HartOffsets {
  pc: number;
  dataTable: number;
}

/** A translated group, and the number of each of its entries, by the offset in the page. */
export interface Translation {
  function: WasmFunction;
  entries: ReadonlyMap<number, number>;
}

/** Branches, and the comparison that decides whether they are taken. */
const conditions: ReadonlyMap<Op, Wasm> = new Map<Op, Wasm>([
  [Op.BeqFar, Wasm.I64Eq],
  [Op.BneFar, Wasm.I64Ne],
  [Op.BltFar, Wasm.I64LtS],
  [Op.BgeFar, Wasm.I64GeS],
  [Op.BltuFar, Wasm.I64LtU],
  [Op.BgeuFar, Wasm.I64GeU],
]);

/** Translates a group. `isWatched`: its accesses may be to pages that harts share. */
export function translateGroup(group: Group, offsets: HartOffsets, isWatched: boolean): Translation {
  return new Writer(group, offsets, isWatched).write();
}

class Writer {
  private readonly group: Group;
  private readonly offsets: HartOffsets;
  private readonly isWatched: boolean;
  private readonly plan: Plan;
  private readonly registers = new Registers();
  private code = new Code();
  private readonly labels = new Map<Item, Label>();
  private readonly loopLabels = new Map<number, Label>();
  private exit: Label = { depth: 0 };

  constructor(group: Group, offsets: HartOffsets, isWatched: boolean) {
    this.group = group;
    this.offsets = offsets;
    this.isWatched = isWatched;
    this.plan = new Plan(group);
  }

  write(): Translation {
    const { registers, offsets } = this;
    this.exit = this.code.block();
    this.writeScope(this.plan.root);
    this.code.end();
    const body = this.code;
    const code = new Code();
    code.get(Local.Hart);
    code.access(Access.I32Load, offsets.dataTable);
    code.set(Local.Table);
    for (const [register, local] of registers.used) {
      code.get(Local.Hart);
      code.access(Access.I64Load, register);
      code.set(local);
    }
    code.append(body);
    for (const [register, local] of registers.changed) {
      code.get(Local.Hart);
      code.get(local);
      code.access(Access.I64Store, register);
    }
    code.get(Local.Hart);
    code.get(Local.To);
    code.access(Access.I64Store, offsets.pc);
    code.get(Local.Left);
    const entries = new Map<number, number>();
    for (const [index, entry] of this.plan.entries) {
      const block = this.group[index];
      if (block?.isEntry === true) {
        entries.set(block.start, entry);
      }
    }
    const function_: WasmFunction = {
      parameters: parameterTypes,
      results: resultTypes,
      i32Locals: I32_LOCALS,
      i64Locals: registers.i64Locals,
      code,
    };
    return { function: function_, entries };
  }

  private writeScope(scope: Scope): void {
    const { code } = this;
    for (const item of [...scope.items].reverse()) {
      if (this.plan.labelled.has(item)) {
        this.labels.set(item, code.block());
      }
    }
    this.writeDispatch(scope);
    for (const item of scope.items) {
      if (this.plan.labelled.has(item)) {
        code.end();
      }
      if (item.loop === undefined) {
        this.writeBlock(item.first);
      } else {
        this.loopLabels.set(item.first, code.loop());
        this.writeScope(item.loop);
        code.end();
      }
    }
  }

  private writeDispatch(scope: Scope): void {
    const { code } = this;
    const dispatched = this.plan.dispatchedOf(scope);
    const [lowest] = dispatched;
    const [start] = scope.items;
    if (lowest === undefined || start === undefined) {
      return;
    }
    const labels = dispatched.map(([block]) => this.labelOf(itemOf(scope, block)));
    code.get(Local.Entry);
    code.i32(lowest[1]);
    code.put(Wasm.I32Sub);
    code.brTable(labels, this.labelOf(start));
  }

  private labelOf(item: Item | undefined): Label {
    const label = item === undefined ? undefined : this.labels.get(item);
    if (label === undefined) {
      throw new Error("a branch leads to a place without a label");
    }
    return label;
  }

  private writeBlock(index: number): void {
    const { code } = this;
    const block = this.group[index];
    if (block === undefined) {
      return;
    }
    if (this.plan.entries.has(index) && this.plan.isInDispatchedLoop(index)) {
      code.i32(0);
      code.set(Local.Entry);
    }
    const { instructions } = block;
    const count = instructions.length;
    if (count > 0) {
      code.get(Local.Left);
      code.i32(count);
      code.put(Wasm.I32Sub);
      code.tee(Local.Left);
      code.i32(0);
      code.put(Wasm.I32LtS);
      code.if();
      this.leave(block.start, count);
      code.end();
    }
    instructions.forEach((instruction, done) => {
      this.writeInstruction(instruction, count - done);
    });
    this.writeEnding(index, block);
  }

  private writeInstruction(instruction: Instruction, refund: number): void {
    const { code, registers } = this;
    if (putArithmetic(code, registers, instruction) || putZbb(code, registers, instruction)) {
      registers.set(code, instruction.rd);
      return;
    }
    putAccess(code, registers, instruction, this.isWatched, () => this.leave(instruction.offset, refund));
  }

  private writeEnding(index: number, { ending, instructions, next, taken }: Block): void {
    const { code, registers } = this;
    const last = instructions.at(-1);
    if (ending === Ending.Falls) {
      this.goTo(index, next);
    } else if (ending === Ending.Stops || last === undefined) {
      this.leave(next, 0);
    } else if (ending === Ending.Branches) {
      this.writeBranch(index, last, taken);
      this.goTo(index, next);
    } else if (ending === Ending.Jumps && last.rd === SINK_OFFSET) {
      this.goTo(index, taken);
    } else {
      if (ending === Ending.Returns) {
        registers.get(code, last.rs1);
        code.i64(last.immediate);
        code.put(Wasm.I64Add);
        code.i64(-2);
        code.put(Wasm.I64And);
      } else {
        this.putPlace(taken);
      }
      code.set(Local.To);
      if (last.rd !== SINK_OFFSET) {
        this.putPlace(next);
        registers.set(code, last.rd);
      }
      code.br(this.exit);
    }
  }

  private writeBranch(index: number, { code: op, rs1, rs2 }: Instruction, taken: number): void {
    const { code, registers } = this;
    const condition = conditions.get(op);
    if (condition === undefined) {
      throw new Error(`op ${op} is not a branch`);
    }
    registers.get(code, rs1);
    registers.get(code, rs2);
    code.put(condition);
    const label = this.directLabel(index, taken);
    if (label !== undefined) {
      code.brIf(label);
      return;
    }
    code.if();
    this.goTo(index, taken, true);
    code.end();
  }

  /** The label of a place that can be reached by a branch alone. */
  private directLabel(from: number, place: number): Label | undefined {
    const to = this.plan.indexes.get(place);
    if (to === undefined) {
      return undefined;
    }
    if (to <= from) {
      return this.loopLabels.get(to);
    }
    const item = this.plan.itemAhead(from, to);
    return item?.first === to ? this.labels.get(item) : undefined;
  }

  /** Goes on at a place, in the group or outside. The next block needs no branch, unless `isBranch`. */
  private goTo(from: number, place: number, isBranch = false): void {
    const { code } = this;
    const to = this.plan.indexes.get(place);
    if (to === undefined) {
      this.leave(place, 0);
      return;
    }
    if (to === from + 1 && !isBranch) {
      return;
    }
    const label = this.directLabel(from, place);
    if (label !== undefined) {
      code.br(label);
      return;
    }
    code.i32(this.plan.entries.get(to) ?? 0);
    code.set(Local.Entry);
    code.br(this.labelOf(this.plan.itemAhead(from, to)));
  }

  /** Leaves the function, to go on at a place of the page. `refund` instructions were counted but are not executed. */
  private leave(place: number, refund: number): void {
    const { code } = this;
    if (refund > 0) {
      code.get(Local.Left);
      code.i32(refund);
      code.put(Wasm.I32Add);
      code.set(Local.Left);
    }
    this.putPlace(place);
    code.set(Local.To);
    code.br(this.exit);
  }

  private putPlace(place: number): void {
    this.code.get(Local.Base);
    this.code.i64(place);
    this.code.put(Wasm.I64Add);
  }
}
