// Translates loads, stores and the two AMOs that locks are made of. The Wasm does the same as the interpreter's memory.ts.
//
// It looks at the entry of the hart's table inline. If the entry does not match, it leaves the function before the
// instruction, and the interpreter executes that out of line.

import { Op } from "../../../build/gen/host/machine/core/code/ops.ts";
import { ADDEND, INDEX_MASK, INDEX_SHIFT, Tag } from "../../../build/gen/host/machine/core/memory/tlb.ts";
import { Access, type Code, I32, Wasm } from "./encoder.ts";
import { Local, type Registers } from "./locals.ts";
import type { Instruction } from "./page.ts";

/** An access: how many bytes, and the Wasm instruction for it. */
type Width = readonly [bytes: number, how: Access];

const loads: ReadonlyMap<Op, Width> = new Map<Op, Width>([
  [Op.Lb, [1, Access.I64Load8S]],
  [Op.Lh, [2, Access.I64Load16S]],
  [Op.Lw, [4, Access.I64Load32S]],
  [Op.Ld, [8, Access.I64Load]],
  [Op.Lbu, [1, Access.I64Load8U]],
  [Op.Lhu, [2, Access.I64Load16U]],
  [Op.Lwu, [4, Access.I64Load32U]],
]);

const stores: ReadonlyMap<Op, Width> = new Map<Op, Width>([
  [Op.Sb, [1, Access.I64Store8]],
  [Op.Sh, [2, Access.I64Store16]],
  [Op.Sw, [4, Access.I64Store32]],
  [Op.Sd, [8, Access.I64Store]],
]);

/** AMOs: bytes, the instructions that read and write the cell, and whether the operand is added to the cell. */
const atomics: ReadonlyMap<Op, readonly [bytes: number, read: Access, write: Access, adds: boolean]> =
  new Map<Op, readonly [number, Access, Access, boolean]>([
    [Op.AmoSwapW, [4, Access.I64Load32S, Access.I64Store32, false]],
    [Op.AmoAddW, [4, Access.I64Load32S, Access.I64Store32, true]],
    [Op.AmoSwapD, [8, Access.I64Load, Access.I64Store, false]],
    [Op.AmoAddD, [8, Access.I64Load, Access.I64Store, true]],
  ]);

/** The bits of an address above its page offset. */
const PAGE_BITS = ~0xfff;

/**
 * Writes the look-up of the address rs1 + `displacement`. It leaves the address in Local.Address and the entry in Local.Slot.
 * On the stack it leaves whether the entry's tag is another one.
 */
function lookUp(
  code: Code,
  registers: Registers,
  rs1: number,
  displacement: number,
  tag: Tag,
  bytes: number,
): void {
  registers.get(code, rs1);
  if (displacement !== 0) {
    code.i64(displacement);
    code.put(Wasm.I64Add);
  }
  code.tee(Local.Address);
  code.put(Wasm.I32WrapI64);
  code.i32(INDEX_SHIFT);
  code.put(Wasm.I32ShrU);
  code.i32(INDEX_MASK);
  code.put(Wasm.I32And);
  code.get(Local.Table);
  code.put(Wasm.I32Add);
  code.tee(Local.Slot);
  code.access(Access.I64Load, tag);
  code.get(Local.Address);
  code.i64(PAGE_BITS | (bytes - 1));
  code.put(Wasm.I64And);
  code.put(Wasm.I64Ne);
}

/** Writes what is done if a look-up fails: the function is left. */
function orLeave(code: Code, leave: () => void): void {
  code.if();
  leave();
  code.end();
}

/** Puts the linear address for Local.Address onto the stack. */
function putLinear(code: Code): void {
  code.get(Local.Address);
  code.put(Wasm.I32WrapI64);
  code.get(Local.Slot);
  code.access(Access.I32Load, ADDEND);
  code.put(Wasm.I32Add);
}

/**
 * Puts the linear address of a load onto the stack, after its look-up. If that failed, and the page may be one that harts share,
 * reachLoad() gives the address, or the function is left.
 */
function putLoadAddress(code: Code, bytes: number, isWatched: boolean, leave: () => void): void {
  if (!isWatched) {
    orLeave(code, leave);
    putLinear(code);
    return;
  }
  code.if(I32);
  code.get(Local.Hart);
  code.get(Local.Address);
  code.i32(bytes);
  code.callLoad();
  code.tee(Local.Slot);
  code.put(Wasm.I32Eqz);
  orLeave(code, leave);
  code.get(Local.Slot);
  code.put(Wasm.Else);
  putLinear(code);
  code.end();
}

/** Writes a store, after its look-up. If that failed, and the page may be shared, reachStore() does it, or the function is left. */
function putStore(
  code: Code,
  [bytes, how]: Width,
  value: () => void,
  isWatched: boolean,
  leave: () => void,
): void {
  if (isWatched) {
    code.if();
    code.get(Local.Hart);
    code.get(Local.Address);
    code.i32(bytes);
    value();
    code.callStore();
    code.put(Wasm.I32Eqz);
    orLeave(code, leave);
    code.put(Wasm.Else);
  } else {
    orLeave(code, leave);
  }
  putLinear(code);
  value();
  code.access(how, 0);
  if (isWatched) {
    code.end();
  }
}

/**
 * Writes an access to memory.
 *
 * @param isWatched the page may be one that harts share, for which reachLoad() and reachStore() are there
 * @param leave writes the code that leaves the function before this instruction
 * @returns false if the instruction is not an access
 */
export function putAccess(
  code: Code,
  registers: Registers,
  { code: op, rd, rs1, rs2, immediate }: Instruction,
  isWatched: boolean,
  leave: () => void,
): boolean {
  const load = loads.get(op);
  if (load !== undefined) {
    const [bytes, how] = load;
    lookUp(code, registers, rs1, immediate, Tag.Read, bytes);
    putLoadAddress(code, bytes, isWatched, leave);
    code.access(how, 0);
    registers.set(code, rd);
    return true;
  }
  const store = stores.get(op);
  if (store !== undefined) {
    lookUp(code, registers, rs1, immediate, Tag.Write, store[0]);
    putStore(code, store, () => registers.get(code, rs2), isWatched, leave);
    return true;
  }
  const atomic = atomics.get(op);
  if (atomic === undefined) {
    return false;
  }
  const [bytes, read, write, adds] = atomic;
  lookUp(code, registers, rs1, 0, Tag.Write, bytes);
  orLeave(code, leave);
  putLinear(code);
  code.access(read, 0);
  code.set(Local.First);
  putLinear(code);
  if (adds) {
    code.get(Local.First);
  }
  registers.get(code, rs2);
  if (adds) {
    code.put(Wasm.I64Add);
  }
  code.access(write, 0);
  code.get(Local.First);
  registers.set(code, rd);
  return true;
}
