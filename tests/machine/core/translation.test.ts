// Translated code does the same as interpreted code: with every instruction, when code changes, when little space is allowed for
// translations, and when the hart is stopped at any instruction.

import { describe, expect, test } from "vitest";
import { Chaos } from "../../../build/gen/host/machine/core/chaos/chaos.ts";
import { Extension } from "../../../build/gen/host/machine/core/code/extensions.ts";
import { BareMachine } from "../../../machine/host/bare.ts";
import { parseChaos } from "../../../machine/host/chaos.ts";
import { ASSEMBLE_ZBB, assembleText, DATA, END, machineModule, runProgram } from "./bare.ts";
import { randomProgram } from "./random-program.ts";

/** The arguments of core.setTranslation: when code is translated. */
type Heat = readonly [known: number, unknown: number, passes: number];

/** Code is translated when it is executed a second time. */
const AT_ONCE: Heat = [1, 1, 1];
const NEVER: Heat = [0, 0, 1];

const PASSES = 25;
const seeds = [1, 2, 3, 4, 5, 6];

/** The output of a program that ends by turning the machine off. */
async function consoleOf(
  program: Uint8Array,
  heat: Heat,
  turns: number,
  seed = 1n,
  extensions = 0,
): Promise<{ text: string; translations: number }> {
  const machine = new BareMachine(await machineModule(), { harts: 1, ramMebibytes: 16, seed, extensions });
  machine.core.setTranslation(...heat);
  machine.core.setTurns(turns);
  machine.startProgram(program);
  machine.core.run(50_000_000n);
  expect(machine.core.power()).toBe(1);
  return { text: machine.console, translations: machine.core.table.length };
}

describe("random instructions do the same translated and interpreted", () => {
  test.each([
    ...seeds.map((seed) => [`seed ${seed}`, seed, 0] as const),
    ...seeds.map((seed) => [`seed ${seed}, with Zbb`, seed, Extension.Zbb] as const),
  ])("%s", async (_, seed, extensions) => {
    const program = await assembleText(randomProgram(seed, PASSES, extensions !== 0));
    const expected = await consoleOf(program, NEVER, 65536, 1n, extensions);
    expect(expected.text.trim().split("\n").length).toBe(40 * PASSES);
    expect(expected.translations).toBe(1);
    // Turns of 65536 instructions, of a drawn number, and of so few that translations are hardly ever begun.
    for (const turns of [65536, 0, 50]) {
      const { text, translations } = await consoleOf(program, AT_ONCE, turns, BigInt(seed), extensions);
      expect(text).toBe(expected.text);
      expect(translations).toBeGreaterThan(1);
    }
  });
});

/** Adds 1 to a0 in a loop. Every 64 times the instruction is changed to add 2, and back. */
const CHANGES_ITSELF = `
    li    s0, 4000
    la    s1, patch
    li    a0, 0
    li    s2, 0x300000
    .balign 4
    .option norvc
loop:
patch:
    addi  a0, a0, 1
    addi  s0, s0, -1
    andi  t0, s0, 63
    bnez  t0, 1f
    lw    t1, (s1)
    xor   t1, t1, s2
    sw    t1, (s1)
    fence.i
1:  bnez  s0, loop
    ${END}
`;

function sumOfChanges(): bigint {
  let sum = 0;
  let step = 1;
  for (let left = 3999; left >= 0; left--) {
    sum += step;
    if (left % 64 === 0) {
      step = 3 - step;
    }
  }
  return BigInt(sum);
}

/** The same, but the new instruction is to be executed only after the next fence.i, which comes after every fifth change. */
const CHANGES_BEFORE_FENCE = CHANGES_ITSELF.replace(
  "    fence.i\n",
  "    addi  s3, s3, -1\n    bgtz  s3, 1f\n    li    s3, 5\n    fence.i\n",
);

/**
 * The same on a page that another hart writes to, so that the changes wait in a store buffer. Stores to another shared page
 * push them out, while the loop that they change is being executed.
 */
const CHANGES_FROM_BUFFER = `
    csrr  t0, mhartid
    li    s4, ${DATA}
    la    s5, 3f
    beqz  t0, 4f
    sd    zero, (s4)
    sd    zero, (s5)
    ${END}
    .balign 8
3:  .dword 0
4:  li    t0, 2000
2:  addi  t0, t0, -1
    bnez  t0, 2b
${CHANGES_ITSELF.replace("    fence.i\n", "").replace("patch:\n", "    sd    s0, (s4)\n    sd    s0, 16(s4)\npatch:\n")}`;

/** Ten loops, each of which is a separate group, executed again and again. */
const LOOPS = `
    li    a0, 0
    li    s0, 30
round:
${Array.from(
  { length: 10 },
  (_, index) => `
    call  loop${index}`,
).join("")}
    addi  s0, s0, -1
    bnez  s0, round
    ${END}
${Array.from(
  { length: 10 },
  (_, index) => `
loop${index}:
    li    t0, ${100 + index}
1:  add   a0, a0, t0
    addi  t0, t0, -1
    bnez  t0, 1b
    ret`,
).join("")}
`;

describe("translations are dropped", () => {
  test.each([0, 65536])("when their code is written (turns %i)", async (turns) => {
    const program = await assembleText(CHANGES_ITSELF);
    const { reg, machine } = await runProgram(program, {
      turns,
      prepare: ({ core }) => core.setTranslation(...AT_ONCE),
    });
    expect(reg("a0")).toBe(sumOfChanges());
    expect(machine.core.table.length).toBeGreaterThan(1);
  });

  test.each([
    ["slots", { moduleBytes: 1_000_000, slots: 4 }],
    ["bytes", { moduleBytes: 2_000, slots: 1000 }],
  ])("when they would take more %s than they may", async (_, translation) => {
    const program = await assembleText(LOOPS);
    const machine = new BareMachine(await machineModule(), { harts: 1, ramMebibytes: 16, translation });
    machine.core.setTranslation(...AT_ONCE);
    machine.startProgram(program);
    machine.core.run(5_000_000n);
    const sum = Array.from({ length: 10 }, (__, index) => ((100 + index) * (101 + index)) / 2);
    expect(machine.register(0, 10)).toBe(BigInt(30 * sum.reduce((all, each) => all + each, 0)));
    expect(machine.core.table.length).toBeGreaterThan(1);
    expect(machine.core.table.length).toBeLessThanOrEqual(translation.slots);
  });
});

// In turns of 40 instructions the host is told of what is hot before the code changes, which drops it.
test.each([0, 40])(
  "a hart executes old code until its fence.i, under the chaos for it (turns %i)",
  async (turns) => {
    const program = await assembleText(CHANGES_BEFORE_FENCE);
    const sums: bigint[] = [];
    for (const chaos of [Chaos.StaleCode, parseChaos("all")]) {
      for (const heat of [NEVER, AT_ONCE]) {
        const prepare = ({ core }: BareMachine): void => core.setTranslation(...heat);
        const { reg, machine } = await runProgram(program, { turns, chaos, prepare });
        expect(machine.core.table.length > 1).toBe(heat === AT_ONCE);
        sums.push(reg("a0"));
      }
    }
    expect(new Set(sums).size).toBe(1);
    expect(sums[0]).not.toBe((await runProgram(program, { turns })).reg("a0"));
  },
);

test("a store that leaves its buffer changes the code that is being executed at once", async () => {
  const program = await assembleText(CHANGES_FROM_BUFFER);
  for (const chaos of [Chaos.StoreBuffer, Chaos.WeakStores]) {
    for (const seed of [1n, 2n, 3n, 4n]) {
      const sums: bigint[] = [];
      for (const heat of [NEVER, AT_ONCE]) {
        const prepare = ({ core }: BareMachine): void => core.setTranslation(...heat);
        const { reg, machine } = await runProgram(program, { harts: 2, seed, turns: 150, chaos, prepare });
        expect(machine.core.table.length > 1).toBe(heat === AT_ONCE);
        sums.push(reg("a0"));
      }
      expect(sums[1]).toBe(sums[0]);
    }
  }
});

/** Turns a0 so often; an instruction that is illegal is caught, and leaves 77 there. */
const ROTATES = `${ASSEMBLE_ZBB}
    la    t0, 2f
    csrw  mtvec, t0
    li    a0, 1
    li    s0, 100008
1:  rori  a0, a0, 1
    addi  s0, s0, -1
    bnez  s0, 1b
    ${END}
    .balign 4
2:  li    a0, 77
    ${END}
`;

test("what was translated for harts with an extension is not executed by harts without it", async () => {
  const program = await assembleText(ROTATES);
  const prepare = ({ core }: BareMachine): void => core.setTranslation(...AT_ONCE);
  const found: bigint[] = [];
  for (const extensions of [Extension.Zbb, 0, Extension.Zbb]) {
    const { reg, machine } = await runProgram(program, { extensions, turns: 1000, prepare });
    found.push(reg("a0"));
    expect(machine.core.table.length > 1).toBe(extensions !== 0);
  }
  expect(found).toEqual([1n << 24n, 77n, 1n << 24n]);
});

test("a run that stops at every instruction is the same as without stops", async () => {
  const program = await assembleText(LOOPS);
  const states: string[][] = [];
  for (const heat of [NEVER, AT_ONCE]) {
    const machine = new BareMachine(await machineModule(), { harts: 1, ramMebibytes: 16 });
    machine.core.setTranslation(...heat);
    machine.startProgram(program);
    machine.core.run(30_000n);
    const seen: string[] = [];
    for (let step = 0; step < 2_000; step++) {
      machine.core.run(BigInt(1 + (step % 97)));
      seen.push(
        `${machine.core.clock()} ${machine.core.hartPc(0)} ${machine.register(0, 10)} ${machine.register(0, 5)}`,
      );
    }
    states.push(seen);
  }
  expect(states[1]).toEqual(states[0]);
});
