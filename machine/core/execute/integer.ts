/**
 * Integer arithmetic of RV64I: each method is one instruction, inlined into its case of the loop (loop.ts).
 *
 * `x` is the address of the hart's registers, `op` that of the decoded instruction. A 32-bit operation gives its
 * result sign-extended.
 */
import { At } from "../code/ops";

@final
export class Integer {
  @inline
  static a(x: usize, op: usize): u64 {
    return load<u64>(x + At.rs1(op));
  }

  @inline
  static b(x: usize, op: usize): u64 {
    return load<u64>(x + At.rs2(op));
  }

  @inline
  static set(x: usize, op: usize, value: u64): void {
    store<u64>(x + At.rd(op), value);
  }

  /** Sets rd to the low half of a value, sign-extended. */
  @inline
  static setWord(x: usize, op: usize, value: u32): void {
    store<i64>(x + At.rd(op), <i64>(<i32>value));
  }

  /** Operand 2 of the immediate forms. */
  @inline
  static i(op: usize): u64 {
    return <u64>At.immediate(op);
  }

  @inline
  static slti(x: usize, op: usize): void {
    Integer.set(x, op, <i64>Integer.a(x, op) < At.immediate(op) ? 1 : 0);
  }

  @inline
  static sltiu(x: usize, op: usize): void {
    Integer.set(x, op, Integer.a(x, op) < Integer.i(op) ? 1 : 0);
  }

  @inline
  static srai(x: usize, op: usize): void {
    Integer.set(x, op, <u64>(<i64>Integer.a(x, op) >> At.immediate(op)));
  }

  @inline
  static slt(x: usize, op: usize): void {
    Integer.set(x, op, <i64>Integer.a(x, op) < <i64>Integer.b(x, op) ? 1 : 0);
  }

  @inline
  static sltu(x: usize, op: usize): void {
    Integer.set(x, op, Integer.a(x, op) < Integer.b(x, op) ? 1 : 0);
  }

  @inline
  static sra(x: usize, op: usize): void {
    Integer.set(x, op, <u64>(<i64>Integer.a(x, op) >> <i64>Integer.b(x, op)));
  }

  @inline
  static sraiw(x: usize, op: usize): void {
    Integer.setWord(x, op, <u32>(<i32>Integer.a(x, op) >> <i32>At.word(op)));
  }

  @inline
  static sraw(x: usize, op: usize): void {
    Integer.setWord(x, op, <u32>(<i32>Integer.a(x, op) >> <i32>Integer.b(x, op)));
  }
}

/** The conditions of branches; the other three are their opposites. */
@final
export class Branch {
  @inline
  static equal(x: usize, op: usize): bool {
    return Integer.a(x, op) === Integer.b(x, op);
  }

  @inline
  static less(x: usize, op: usize): bool {
    return <i64>Integer.a(x, op) < <i64>Integer.b(x, op);
  }

  @inline
  static lessUnsigned(x: usize, op: usize): bool {
    return Integer.a(x, op) < Integer.b(x, op);
  }
}
