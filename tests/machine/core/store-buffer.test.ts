// A hart's own view of a page that it shares: it reads what it wrote, also while that waits in its store buffer. In the end
// memory has what a model of the same random accesses has.

import { describe, expect, test } from "vitest";
import { Chaos } from "../../../build/gen/host/machine/core/chaos/chaos.ts";
import { parseChaos } from "../../../machine/host/chaos.ts";
import { assembleText, DATA, END, runProgram } from "./bare.ts";
import { generator } from "./random-program.ts";

const ACCESSES = 600;
/** Few enough bytes that accesses overlap often, and more than the buffer holds. */
const BYTES = 192;
const FLAG = 1024;
const MULTIPLIER = 31n;

const sizes = [
  [1, "sb", "lbu"],
  [2, "sh", "lhu"],
  [4, "sw", "lwu"],
  [8, "sd", "ld"],
] as const;

/** Random accesses as assembly, what they leave in memory, and what they leave in a0. */
function randomAccesses(seed: number): { text: string; memory: Uint8Array; sum: bigint } {
  const below = generator(seed);
  const memory = new Uint8Array(BYTES);
  const read = (at: number, size: number): bigint =>
    memory.subarray(at, at + size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const write = (at: number, size: number, value: bigint): void => {
    for (let index = 0; index < size; index++) {
      memory[at + index] = Number((value >> BigInt(8 * index)) & 0xffn);
    }
  };
  const lines: string[] = [];
  let sum = 0n;
  for (let count = 0; count < ACCESSES; count++) {
    const [size, storing, loading] = sizes[below(sizes.length)] ?? sizes[0];
    const at = below(BYTES - size + 1);
    const value = (BigInt(below(2 ** 32)) << 32n) | BigInt(below(2 ** 32));
    const kind = below(8);
    if (kind < 5) {
      lines.push(`li t0, ${BigInt.asIntN(64, value)}; ${storing} t0, ${at}(s0)`);
      write(at, size, value);
    } else if (kind < 7) {
      lines.push(`${loading} t0, ${at}(s0); mul a0, a0, s1; add a0, a0, t0`);
      sum = BigInt.asUintN(64, sum * MULTIPLIER + read(at, size));
    } else {
      const aligned = at & ~7;
      lines.push(`li t0, ${BigInt.asIntN(64, value)}; addi t1, s0, ${aligned}; amoadd.d zero, t0, (t1)`);
      write(aligned, 8, read(aligned, 8) + value);
    }
  }
  return { text: lines.join("\n    "), memory, sum };
}

describe.each([
  ["in order", Chaos.StoreBuffer],
  ["in any order", Chaos.WeakStores],
  ["every kind", parseChaos("all")],
])("a store buffer that drains %s", (_, chaos) => {
  test.each([1, 2, 3, 4])("shows its own hart what it wrote, seed %s", async (seed) => {
    const { text, memory, sum } = randomAccesses(seed);
    const program = await assembleText(`
    li    s0, ${DATA}
    li    s1, ${MULTIPLIER}
    csrr  t0, mhartid
    beqz  t0, 2f
    li    t0, 1
    sw    t0, ${FLAG}(s0)
    fence rw, rw
    j     3f
2:  lw    t0, ${FLAG}(s0)
    beqz  t0, 2b
    ${text}
    fence rw, rw
3:${END}`);
    const { machine, reg } = await runProgram(program, { harts: 2, seed: BigInt(seed), chaos, turns: 5000 });
    expect(reg("a0")).toBe(sum);
    expect([...machine.ram(DATA, BYTES)]).toEqual([...memory]);
  });
});
