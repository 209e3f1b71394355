/**
 * Decoded instructions: what decode.ts writes and the interpreter runs.
 *
 *     0      2      4      6      8            12       14       16
 *     | code | rd   | rs1  | rs2  | immediate  | offset | next   |
 *
 * Registers are byte offsets into a hart's state; rd is SINK_OFFSET for x0. `offset` is the instruction's address
 * within its page, `next` that of the one after it (up to 4098, for one that straddles the page's end). The immediate
 * of a branch that has been linked is the address of the decoded target, and that of an instruction which is executed
 * out of line is the instruction itself. Ops of one straight run follow each other, so the number of instructions
 * executed since the run was entered is a difference of addresses.
 */

/** Bytes of a decoded instruction, and the power of two. */
export const OP_BYTES: usize = 16;
export const OP_SHIFT: u32 = 4;

export const enum Op {
  // What the decoder puts where a page or a run ends.
  PageEnd = 0,
  // Integers, with an immediate.
  Li,
  Auipc,
  Mv,
  Addi,
  Slti,
  Sltiu,
  Xori,
  Ori,
  Andi,
  Slli,
  Srli,
  Srai,
  Addiw,
  Slliw,
  Srliw,
  Sraiw,
  // Integers, two registers.
  Add,
  Sub,
  Sll,
  Slt,
  Sltu,
  Xor,
  Srl,
  Sra,
  Or,
  And,
  Addw,
  Subw,
  Sllw,
  Srlw,
  Sraw,
  Mul,
  Mulh,
  Mulhsu,
  Mulhu,
  Div,
  Divu,
  Rem,
  Remu,
  Mulw,
  Divw,
  Divuw,
  Remw,
  Remuw,
  // Zbb (zbb.ts).
  Andn,
  Orn,
  Xnor,
  Min,
  Minu,
  Max,
  Maxu,
  Rol,
  Ror,
  Rori,
  Rolw,
  Rorw,
  Roriw,
  Clz,
  Ctz,
  Cpop,
  Clzw,
  Ctzw,
  Cpopw,
  SextB,
  SextH,
  ZextH,
  OrcB,
  Rev8,
  // Memory.
  Lb,
  Lh,
  Lw,
  Ld,
  Lbu,
  Lhu,
  Lwu,
  Sb,
  Sh,
  Sw,
  Sd,
  AmoSwapW,
  AmoAddW,
  AmoSwapD,
  AmoAddD,
  /** Any other atomic instruction: executed out of line. */
  Amo,
  // Control. The far form has a displacement, the linked form the address of the decoded target. A link is no instruction: it
  // leads from the end of a straight run to what follows.
  LinkFar,
  BeqFar,
  BneFar,
  BltFar,
  BgeFar,
  BltuFar,
  BgeuFar,
  JalFar,
  Link,
  Beq,
  Bne,
  Blt,
  Bge,
  Bltu,
  Bgeu,
  Jal,
  Jalr,
  Fence,
  /** A fence that has an effect (chaos.ts); executed out of line. */
  FenceSlow,
  // Executed out of line; the immediate is the instruction.
  System,
  FenceI,
  Cross,
  Illegal,
  Break,
  /**
   * A translation of a group of instructions can be entered here. rs1 is the entry's number, rd the least number of
   * instructions that it executes, and the immediate the function. While there is no function yet, the immediate is 0, and
   * rs2 counts down (hot.ts). It is no instruction itself: the next op is the instruction at this place.
   */
  Entry,
}

/** The linked form of a control op is this many ops after its far form. */
export const LINKED: u32 = 8;

if (Op.Link - Op.LinkFar !== LINKED || Op.Jal - Op.JalFar !== LINKED) {
  ERROR("far and linked branches are listed in the same order");
}

/** The fields of the op at an address. */
@final
export class At {
  @inline
  static code(op: usize): u32 {
    return load<u16>(op);
  }

  @inline
  static rd(op: usize): usize {
    return <usize>load<u16>(op, 2);
  }

  @inline
  static rs1(op: usize): usize {
    return <usize>load<u16>(op, 4);
  }

  @inline
  static rs2(op: usize): usize {
    return <usize>load<u16>(op, 6);
  }

  @inline
  static immediate(op: usize): i64 {
    return <i64>load<i32>(op, 8);
  }

  @inline
  static word(op: usize): u32 {
    return load<u32>(op, 8);
  }

  @inline
  static offset(op: usize): u64 {
    return <u64>load<u16>(op, 12);
  }

  @inline
  static next(op: usize): u64 {
    return <u64>load<u16>(op, 14);
  }
}

/** Writes an op. */
export function writeOp(
  op: usize,
  code: u32,
  rd: u32,
  rs1: u32,
  rs2: u32,
  immediate: i32,
  offset: u32,
  next: u32,
): void {
  store<u16>(op, <u16>code);
  store<u16>(op, <u16>rd, 2);
  store<u16>(op, <u16>rs1, 4);
  store<u16>(op, <u16>rs2, 6);
  store<i32>(op, immediate, 8);
  store<u16>(op, <u16>offset, 12);
  store<u16>(op, <u16>next, 14);
}
