// What the toolchain makes the instruction `mulhu` of, for guest code that runs in this process.

/** The upper half of the product of two words without a sign. Wasm hands over 64 bits as signed numbers. */
export function multiplyHigh(left: bigint, right: bigint): bigint {
  return (BigInt.asUintN(64, left) * BigInt.asUintN(64, right)) >> 64n;
}
