// The plan for a module, the same in V8 and on the board: which functions are called, with which arguments, in which
// order, and what counts as an event. Both sides fold all events into one hash, as driver.S does.

import type { FunctionType, WasmModule } from "../../../toolchain/wasm/module.ts";
import { numbersFrom } from "./generate.ts";

/** A call of an exported function. */
export interface Call {
  readonly name: string;
  readonly type: FunctionType;
  /** As registers hold them: an i32 sign-extended. */
  readonly arguments: readonly bigint[];
}

/** Edge values, which find more than random ones. */
const edges: readonly bigint[] = [0n, 1n, -1n, 2n, 7n, 31n, 32n, 63n, 64n, 255n, 0x7fff_ffffn, -0x8000_0000n];

/** Every exported function, once, in the module's order. */
export function callsOf(module: WasmModule, seed: number): Call[] {
  const next = numbersFrom(seed ^ 0x5eed);
  const argument = (): bigint => {
    const kind = next() % 4;
    if (kind < 2) {
      return edges[next() % edges.length] ?? 0n;
    }
    if (kind === 2) {
      return BigInt(next() % 1024);
    }
    return BigInt.asIntN(64, (BigInt(next()) << 32n) | BigInt(next()));
  };
  return module.exports.flatMap(({ name, kind, index }) => {
    const type = module.functions[index]?.type;
    if (kind !== "function" || type === undefined) {
      return [];
    }
    const given = type.params.map((param) => BigInt.asIntN(param === "i32" ? 32 : 64, argument()));
    return [{ name, type, arguments: given }];
  });
}

/** The kind of the events of an imported function's call, by its index. */
export function importEvent(index: number): number {
  return 0x10 + index;
}

/** Whether this imported function never returns. */
export function throws(field: string): boolean {
  return field === "throw";
}

const HASH_FACTOR = 0x01000193;

/** `mix` of driver.S. */
export function mix(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, HASH_FACTOR);
  return product ^ (product >>> 15);
}

/** The result that has to be the same on both sides. */
export interface Digest {
  readonly events: number;
  readonly memory: number;
}

/** `wasm_digest`'s hash of memory: the words that are not zero, with their places. */
export function hashMemory(memory: ArrayBuffer): number {
  let hash = 0;
  for (const [index, word] of new Uint32Array(memory).entries()) {
    if (word !== 0) {
      hash = mix(mix(hash, index), word);
    }
  }
  return hash >>> 0;
}
