/**
 * The M extension: each method is one instruction's result.
 *
 * Division never traps: by zero it gives all ones (remainder: the dividend), and the one quotient that does not fit is
 * the dividend (remainder 0); unprivileged specification, "Division Operations".
 */

/** The high half of the unsigned product of two doublewords, from four products of words. */
function highUnsigned(a: u64, b: u64): u64 {
  const aLow = a & 0xffff_ffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffff_ffff;
  const bHigh = b >> 32;
  const low = aLow * bLow;
  const cross = aHigh * bLow + (low >> 32);
  const middle = aLow * bHigh + (cross & 0xffff_ffff);
  return aHigh * bHigh + (cross >> 32) + (middle >> 32);
}

/** What a negative operand subtracts from the high half of the unsigned product: the other operand. */
function correction(a: u64, b: u64): u64 {
  return <i64>a < 0 ? b : 0;
}

@final
export class Multiply {
  @inline
  static mulh(a: u64, b: u64): u64 {
    return highUnsigned(a, b) - correction(a, b) - correction(b, a);
  }

  @inline
  static mulhsu(a: u64, b: u64): u64 {
    return highUnsigned(a, b) - correction(a, b);
  }

  @inline
  static mulhu(a: u64, b: u64): u64 {
    return highUnsigned(a, b);
  }

  @inline
  static div(a: u64, b: u64): u64 {
    if (b === 0) {
      return ~0;
    }
    if (b === ~0) {
      return 0 - a;
    }
    return <u64>(<i64>a / <i64>b);
  }

  @inline
  static divu(a: u64, b: u64): u64 {
    return b === 0 ? ~0 : a / b;
  }

  @inline
  static rem(a: u64, b: u64): u64 {
    if (b === 0) {
      return a;
    }
    if (b === ~0) {
      return 0;
    }
    return <u64>(<i64>a % <i64>b);
  }

  @inline
  static remu(a: u64, b: u64): u64 {
    return b === 0 ? a : a % b;
  }

  @inline
  static divw(a: u32, b: u32): u32 {
    if (b === 0) {
      return ~0;
    }
    if (b === ~0) {
      return 0 - a;
    }
    return <u32>(<i32>a / <i32>b);
  }

  @inline
  static divuw(a: u32, b: u32): u32 {
    return b === 0 ? ~0 : a / b;
  }

  @inline
  static remw(a: u32, b: u32): u32 {
    if (b === 0) {
      return a;
    }
    if (b === ~0) {
      return 0;
    }
    return <u32>(<i32>a % <i32>b);
  }

  @inline
  static remuw(a: u32, b: u32): u32 {
    return b === 0 ? a : a % b;
  }
}
