// Atomics on four harts: what the translated code's fences and read-modify-writes promise, seen from the other harts.
// The program counts; here stand the counts that it has to print.

import { describe, expect, test } from "vitest";
import { defined } from "../harness/defined.ts";
import { compileGuest, hasQemu, runOnRv64, translateGuest } from "./rv64/harness.ts";

const HARTS = 4n;
const ADDS = 200_000n;
const LOCKED = 20_000n;

function lines(output: string): Map<string, bigint> {
  return new Map(
    output
      .trim()
      .split("\n")
      .map((text) => defined(/^(.*) ([0-9a-f]{16})\s*$/.exec(text), `the result in ${JSON.stringify(text)}`))
      .map(([, name, value]): [string, bigint] => [defined(name), BigInt(`0x${defined(value)}`)]),
  );
}

/** The little-endian number of these fields, the first one lowest. */
function packed(...fields: readonly (readonly [bits: number, value: bigint])[]): bigint {
  return fields.reduceRight((sum, [bits, value]) => (sum << BigInt(bits)) | BigInt.asUintN(bits, value), 0n);
}

describe.skipIf(!hasQemu)("atomics between four harts on QEMU", () => {
  test("no forbidden outcome comes, and no read-modify-write is lost", async () => {
    const compiled = await compileGuest("tests/toolchain/cases/run/litmus.ts");
    const counts = lines(await runOnRv64(translateGuest(compiled), "harts.S"));
    const total = HARTS * ADDS;
    expect(Object.fromEntries(counts)).toEqual({
      "message passing": 0n,
      "store buffering": 0n,
      "load buffering": 0n,
      "coherence of reads": 0n,
      "independent reads": 0n,
      u64: 3n * total,
      u32: 5n * total,
      "u16 u8 u8": packed([16, 7n * total], [8, -total], [8, 0n]),
      "bytes of a word": packed([8, ADDS], [8, 2n * ADDS], [8, 3n * ADDS], [8, 4n * ADDS]),
      "halves of a word": 0xffff_ffff_ffff_ffffn,
      "lock, a word": HARTS * LOCKED,
      "lock, a byte": HARTS * LOCKED,
      "around it": 0n,
    });
  });
});
