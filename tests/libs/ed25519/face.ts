// The functions of source/libs/ed25519 as a test calls them: on bytes at fixed places.

export const face = `
import { verifies } from "ed25519/verify";
import { combine } from "ed25519/combine";
import { Field } from "ed25519/field";
import { Point } from "ed25519/point";
import * as powers from "ed25519/powers";
import { reduceScalar, isCanonicalScalar } from "ed25519/scalar";
import { Sha512, SHA512_STATE_BYTES } from "ed25519/sha512";
const given = memory.data(65536, 8);
const out = memory.data(64, 8);
const state = memory.data(1024, 8);
export function place(): usize { return given; }
export function check(length: u32): bool { return verifies(given, given + 96, length, given + 64); }
export function reduce(): usize { reduceScalar(out, given); return out; }
export function isBelow(): bool { return isCanonicalScalar(given); }
const point = changetype<Point>(memory.data(160, 8));
/** Whether the bytes stand for a point; it is then written anew. */
export function decodePoint(): bool {
  const holds = point.decode(given);
  if (holds) point.encode(out);
  return holds;
}
export function written(): usize { return out; }
const left = changetype<Field>(memory.data(40, 8));
const right = changetype<Field>(memory.data(40, 8));
export function field(operation: u32): usize {
  left.decode(given);
  right.decode(given + 32);
  if (operation === 0) left.add(left, right);
  else if (operation === 1) left.subtract(left, right);
  else if (operation === 2) left.multiply(left, right);
  else if (operation === 3) left.square(left);
  else if (operation === 4) powers.invert(left, right);
  else if (operation === 5) powers.powerForRoot(left, right);
  else left.negate();
  left.encode(out);
  return out;
}
/** Numbers as they lie in memory, limb by limb: five words at \`given\`, and five behind them. */
export function limbs(operation: u32): usize {
  memory.copy(changetype<usize>(left), given, 40);
  memory.copy(changetype<usize>(right), given + 40, 40);
  if (operation === 0) left.multiply(left, right);
  else if (operation === 1) left.square(left);
  else if (operation === 2) left.carry();
  else left.subtract(left, right);
  left.encode(out);
  return changetype<usize>(left);
}
const sum = changetype<Point>(memory.data(160, 8));
/** s·B + k·P of two scalars and a point; false if the bytes stand for no point. */
export function combined(): bool {
  const holds = point.decode(given + 64);
  if (holds) {
    combine(sum, given, given + 32, point);
    sum.encode(out);
  }
  return holds;
}
export function stateBytes(): u32 { return SHA512_STATE_BYTES; }
export function begin(): usize { memory.fill(state, 0xa5, 1024); changetype<Sha512>(state).begin(); return state; }
export function update(length: u32): void { changetype<Sha512>(state).update(given, length); }
export function finish(): usize { changetype<Sha512>(state).finish(out); return out; }
`;
