/**
 * What the instructions of Zbb do (unprivileged specification, chapter "B"). The interpreter calls this from one place of
 * its loop, so that they do not make the rest of the loop slower. Hot code is translated (machine/host/translate/zbb.ts).
 */
import { At, Op } from "../code/ops";

/** Executes an op of Zbb. `x` is the address of the hart's registers. */
export function executeZbb(x: usize, op: usize): void {
  const a = load<u64>(x + At.rs1(op));
  store<u64>(x + At.rd(op), result(a, load<u64>(x + At.rs2(op)), op));
}

function result(a: u64, b: u64, op: usize): u64 {
  switch (At.code(op)) {
    case Op.Andn:
      return a & ~b;
    case Op.Orn:
      return a | ~b;
    case Op.Xnor:
      return ~(a ^ b);
    case Op.Min:
      return <u64>min<i64>(<i64>a, <i64>b);
    case Op.Minu:
      return min<u64>(a, b);
    case Op.Max:
      return <u64>max<i64>(<i64>a, <i64>b);
    case Op.Maxu:
      return max<u64>(a, b);
    case Op.Rol:
      return rotl<u64>(a, b);
    case Op.Ror:
      return rotr<u64>(a, b);
    case Op.Rori:
      return rotr<u64>(a, <u64>At.immediate(op));
    case Op.Rolw:
      return word(rotl<u32>(<u32>a, <u32>b));
    case Op.Rorw:
      return word(rotr<u32>(<u32>a, <u32>b));
    case Op.Roriw:
      return word(rotr<u32>(<u32>a, At.word(op)));
    case Op.Clz:
      return clz<u64>(a);
    case Op.Ctz:
      return ctz<u64>(a);
    case Op.Cpop:
      return popcnt<u64>(a);
    case Op.Clzw:
      return clz<u32>(<u32>a);
    case Op.Ctzw:
      return ctz<u32>(<u32>a);
    case Op.Cpopw:
      return popcnt<u32>(<u32>a);
    case Op.SextB:
      return <u64>(<i64>(<i8>a));
    case Op.SextH:
      return <u64>(<i64>(<i16>a));
    case Op.ZextH:
      return a & 0xffff;
    case Op.OrcB:
      return combined(a);
    default:
      return bswap<u64>(a);
  }
}

/** A result of 32 bits, sign-extended. */
function word(value: u32): u64 {
  return <u64>(<i64>(<i32>value));
}

const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/** All ones for each byte that is not zero. */
function combined(value: u64): u64 {
  // The top bit of each byte that is not zero.
  const tops = (((value & LOW_BITS) + LOW_BITS) | value) & ~LOW_BITS;
  return (tops - (tops >> 7)) | tops;
}
