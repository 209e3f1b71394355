// Each kind of chaos does what it says, and nothing that the architecture forbids. Most tests are litmus tests with two harts,
// repeated in one program, with many seeds.

import { describe, expect, test } from "vitest";
import { Chaos } from "../../../build/gen/host/machine/core/chaos/chaos.ts";
import { parseChaos } from "../../../machine/host/chaos.ts";
import { defined } from "../../harness/defined.ts";
import { assembleText, DATA, END, OPEN_MEMORY, runProgram } from "./bare.ts";

const EVERYTHING = parseChaos("all");

const seeds = Array.from({ length: 40 }, (_, index) => BigInt(index));
const SEEDS_MAX = 1500n;
const ROUNDS = 30;
const RESULTS = DATA + 0x8000n;

/**
 * Two harts run `first` and `second` on fresh variables each round: x at 0(s0), y at 1024(s0), both zero before. They
 * meet between rounds at a counter. The results in a0 are kept: hart 0's in bits 0 to 7, hart 1's above.
 */
function litmus(first: string, second: string): string {
  return `
    li    s0, ${DATA}
    li    s1, ${ROUNDS}
    li    s2, ${RESULTS}
    li    s3, ${DATA + 0x7000n}
    csrr  s4, mhartid
    li    s5, 0
2:  addi  s5, s5, 2
    li    t0, 1
    amoadd.d.aqrl zero, t0, (s3)
3:  fence rw, rw
    ld    t0, 0(s3)
    bltu  t0, s5, 3b
    bnez  s4, 4f
    ${first}
    j     5f
4:  ${second}
5:  fence rw, rw
    add   t0, s2, s4
    sb    a0, 0(t0)
    addi  s0, s0, 8
    addi  s2, s2, 2
    addi  s1, s1, -1
    bnez  s1, 2b
    fence rw, rw
${END}`;
}

/** The pairs of results in a run's rounds, as "a,b". */
async function runs(
  first: string,
  second: string,
  chaos: number,
): Promise<(seed: bigint) => Promise<string[]>> {
  const lines = (text: string): string => text.replaceAll("; ", "\n    ");
  const program = await assembleText(litmus(lines(first), lines(second)));
  return async (seed) => {
    const { machine } = await runProgram(program, { harts: 2, seed, chaos });
    return Array.from({ length: ROUNDS }, (_, round) =>
      machine.ram(RESULTS + BigInt(round * 2), 2).join(","),
    );
  };
}

/** All outcomes with the seeds, for a test that one of them never comes. */
async function outcomes(first: string, second: string, chaos: number): Promise<Set<string>> {
  const run = await runs(first, second, chaos);
  const seen = new Set<string>();
  for (const seed of seeds) {
    for (const outcome of await run(seed)) {
      seen.add(outcome);
    }
  }
  return seen;
}

/** Whether an outcome ever comes. It may be rare, so many more seeds are tried. */
async function isSeen(outcome: string, texts: readonly [string, string], chaos: number): Promise<boolean> {
  const run = await runs(...texts, chaos);
  for (let seed = 0n; seed < SEEDS_MAX; seed++) {
    if ((await run(seed)).includes(outcome)) {
      return true;
    }
  }
  return false;
}

const storeThenLoad = [
  "li t0, 1; sd t0, 0(s0); ld a0, 1024(s0)",
  "li t0, 1; sd t0, 1024(s0); ld a0, 0(s0)",
] as const;
const fenced = [
  "li t0, 1; sd t0, 0(s0); fence rw, rw; ld a0, 1024(s0)",
  "li t0, 1; sd t0, 1024(s0); fence rw, rw; ld a0, 0(s0)",
] as const;
const publish = (barrier: string) =>
  [
    `li a0, 9; li t0, 1; sd t0, 0(s0); ${barrier} sd t0, 1024(s0)`,
    "ld t1, 1024(s0); fence r, r; ld a0, 0(s0); slli t1, t1, 1; or a0, a0, t1",
  ] as const;

describe("store buffers", () => {
  test("let a load pass an earlier store, so that both harts miss the other's", async () => {
    expect(await outcomes(...storeThenLoad, Chaos.Switch)).not.toContain("0,0");
    expect(await isSeen("0,0", storeThenLoad, Chaos.Switch | Chaos.StoreBuffer)).toBe(true);
  });

  test("let no load pass a fence that orders it", async () => {
    expect(await outcomes(...fenced, Chaos.Switch | Chaos.StoreBuffer)).not.toContain("0,0");
    expect(await outcomes(...fenced, EVERYTHING)).not.toContain("0,0");
  });

  test("let a load pass a fence that does not order it", async () => {
    const weak = (text: string): string => text.replace("; ld", "; fence r, r; ld");
    const [first, second] = storeThenLoad;
    expect(await isSeen("0,0", [weak(first), weak(second)], Chaos.Switch | Chaos.StoreBuffer)).toBe(true);
  });

  test("show a flag before its data only if stores may pass stores and no fence orders them", async () => {
    // Hart 1's result is the flag times two plus the data, so 2 is the flag without the data.
    expect(await outcomes(...publish(""), Chaos.Switch | Chaos.StoreBuffer)).not.toContain("9,2");
    expect(await isSeen("9,2", publish(""), Chaos.Switch | Chaos.WeakStores)).toBe(true);
    expect(await outcomes(...publish("fence w, w;"), EVERYTHING)).not.toContain("9,2");
    const release = publish("").map((text) =>
      text.replace("sd t0, 1024(s0)", "addi t2, s0, 1024; amoswap.d.rl zero, t0, (t2)"),
    );
    expect(await outcomes(defined(release[0]), defined(release[1]), EVERYTHING)).not.toContain("9,2");
  });

  test("show a hart its own stores of any size, in order", async () => {
    const own = (at: number): string =>
      `li t0, 0x1122; sh t0, ${at}(s0); sb t0, ${at + 1}(s0); lhu a0, ${at}(s0); srli a0, a0, 8`;
    expect([...(await outcomes(own(0), own(2), EVERYTHING))]).toEqual([`${0x22},${0x22}`]);
  });
});

describe("atomics", () => {
  test("let a store pass an AMO without acquire whose result is not used", async () => {
    const raise = (bits: string) =>
      [`li a0, 9; li t0, 1; amoadd.d${bits} zero, t0, (s0); sd t0, 1024(s0)`, publish("")[1]] as const;
    expect(await outcomes(...raise(".rl"), Chaos.Switch | Chaos.StoreBuffer)).not.toContain("9,2");
    expect(await isSeen("9,2", raise(".rl"), Chaos.Switch | Chaos.WeakStores)).toBe(true);
    expect(await outcomes(...raise(".aq"), EVERYTHING)).not.toContain("9,2");
    expect(await outcomes(...raise(".aqrl"), EVERYTHING)).not.toContain("9,2");
  });

  test("let a load pass an AMO whose result is not used, but not an acquire, and no acquire a release", async () => {
    const exchange = (amo: string, between: string, read: string) =>
      [
        `li t0, 1; addi t2, s0, 1024; ${amo} zero, t0, (s0); ${between} ${read} a0, (t2)`,
        `li t0, 1; addi t2, s0, 1024; ${amo} zero, t0, (t2); ${between} ${read} a0, (s0)`,
      ] as const;
    expect(await isSeen("0,0", exchange("amoswap.d", "", "ld"), Chaos.Switch | Chaos.WeakStores)).toBe(true);
    expect(await outcomes(...exchange("amoswap.d", "fence r, r;", "ld"), EVERYTHING)).not.toContain("0,0");
    expect(await outcomes(...exchange("amoswap.d.aq", "", "ld"), EVERYTHING)).not.toContain("0,0");
    expect(await outcomes(...exchange("amoswap.d.rl", "", "lr.d.aq"), EVERYTHING)).not.toContain("0,0");
    const flag = [
      "li a0, 9; li t0, 1; amoadd.d zero, t0, (s0); fence r, rw; sd t0, 1024(s0)",
      publish("")[1],
    ] as const;
    expect(await outcomes(...flag, EVERYTHING)).not.toContain("9,2");
  });

  test("let an interrupt between harts pass an AMO, also one with acquire and release, unless a fence orders it", async () => {
    const msip1 = 0x200_0004;
    const ring = (fence: string) =>
      [
        `li a0, 9; li t0, 1; li t1, ${msip1}; amoadd.d.aqrl zero, t0, (s0); ${fence} sw t0, 0(t1)`,
        `6: csrr t0, mip; andi t0, t0, 8; beqz t0, 6b; fence i, r; ld a0, 0(s0); li t1, ${msip1}; sw zero, 0(t1)`,
      ] as const;
    expect(await outcomes(...ring(""), Chaos.Switch | Chaos.StoreBuffer)).toEqual(new Set(["9,1"]));
    expect(await isSeen("9,0", ring(""), Chaos.Switch | Chaos.WeakStores)).toBe(true);
    expect(await outcomes(...ring("fence w, o;"), EVERYTHING)).toEqual(new Set(["9,1"]));
    expect(await outcomes(...ring("fence r, o;"), EVERYTHING)).toEqual(new Set(["9,1"]));
  });

  test("lose no addition by AMOs or by LR and SC under every kind of chaos", async () => {
    const program = await assembleText(`
    li    s0, ${DATA}
    li    s1, 200
2:  li    t0, 1
    amoadd.d zero, t0, (s0)
3:  lr.d  t0, (s0)
    addi  t0, t0, 1
    sc.d  t1, t0, (s0)
    bnez  t1, 3b
    addi  s1, s1, -1
    bnez  s1, 2b
    fence rw, rw${END}`);
    for (const seed of seeds) {
      const { machine } = await runProgram(program, { harts: 4, seed, chaos: EVERYTHING });
      expect(machine.word(DATA)).toBe(1600n);
    }
  });

  test("let SC fail now and then, only under that kind of chaos", async () => {
    const program = await assembleText(`
    li    s0, ${DATA}
    li    s1, 400
2:  lr.d  t0, (s0)
    sc.d  t1, t0, (s0)
    add   a0, a0, t1
    addi  s1, s1, -1
    bnez  s1, 2b${END}`);
    expect((await runProgram(program)).reg("a0")).toBe(0n);
    const failures = (await runProgram(program, { chaos: Chaos.ScFails })).reg("a0");
    expect(failures > 20n && failures < 380n).toBe(true);
  });

  test("end a reservation at a trap, except under the chaos that keeps it", async () => {
    const program = await assembleText(`
    la    t0, 3f
    csrw  mtvec, t0
    li    s0, ${DATA}
    lr.d  t0, (s0)
    ecall
    sc.d  a0, t0, (s0)
    lr.d  t0, (s0)
    ecall
    sc.d  zero, zero, (s0)
    sc.d  a1, t0, (s0)
    j     4f
    .balign 4
3:  csrr  t1, mepc
    addi  t1, t1, 4
    csrw  mepc, t1
    mret
4:${END}`);
    const ended = await runProgram(program);
    expect([ended.reg("a0"), ended.reg("a1")]).toEqual([1n, 1n]);
    const kept = await runProgram(program, { chaos: Chaos.KeepReservations });
    expect([kept.reg("a0"), kept.reg("a1")]).toEqual([0n, 1n]);
  });
});

test("decoded code stays until fence.i, under that kind of chaos", async () => {
  const text = (fence: string): string => `
    la    t0, patched
    lw    t1, other
    li    t2, 2
    csrr  t3, mhartid
    beqz  t3, 2f
    j     5f
2:  .balign 4
patched:
    addi  a0, a0, 1
    sw    t1, 0(t0)
    ${fence}
    addi  t2, t2, -1
    bnez  t2, 2b
    j     5f
    .balign 4
other:
    addi  a0, a0, 100
5:${END}`;
  const without = await assembleText(text("nop"));
  const fenced = await assembleText(text("fence.i"));
  expect((await runProgram(without, { chaos: Chaos.StaleCode })).reg("a0")).toBe(2n);
  expect((await runProgram(without)).reg("a0")).toBe(101n);
  expect((await runProgram(fenced, { chaos: Chaos.StaleCode })).reg("a0")).toBe(101n);
  expect((await runProgram(fenced, { chaos: EVERYTHING })).reg("a0")).toBe(101n);
});

test("WFI ends early now and then, only under that kind of chaos", async () => {
  const program = await assembleText(`
    csrr  s1, mcycle
    li    t0, 0x2004000
    li    t1, 1000
    sd    t1, 0(t0)
    li    t1, 0x80
    csrw  mie, t1
    li    s2, 50
2:  addi  a0, a0, 1
    wfi
    csrr  t2, mip
    bnez  t2, 3f
    j     2b
3:${END}`);
  expect((await runProgram(program)).reg("a0")).toBe(1n);
  const looks = new Set<bigint>();
  for (const seed of seeds) {
    looks.add((await runProgram(program, { seed, chaos: Chaos.EarlyWake })).reg("a0"));
  }
  expect(looks.size).toBeGreaterThan(1);
});

describe("translations", () => {
  const ROOT = DATA + 0x1_0000n;
  const VIRTUAL = 0x4000_0000n;
  const SATP = (8n << 60n) | (ROOT >> 12n);
  const leaf = (physical: bigint, bits: bigint): bigint => ((physical >> 12n) << 10n) | bits;
  const RW = 0xc7n;
  const FRAME = DATA + 0x2_0000n;

  const remap = (fence: string): string => `${OPEN_MEMORY}
    la    t0, caught
    csrw  mtvec, t0
    li    t0, ${SATP}
    csrw  satp, t0
    li    t0, 3 << 11
    csrc  mstatus, t0
    li    t0, 1 << 17 | 1 << 11
    csrs  mstatus, t0
    li    s0, ${VIRTUAL}
    li    t1, ${ROOT + 0x2000n}
    li    t2, ${leaf(FRAME + 0x1000n, RW)}
    li    t3, 1 << 17
    ld    a0, 0(s0)
    csrc  mstatus, t3
    sd    t2, 0(t1)
    ${fence}
    csrs  mstatus, t3
    ld    a1, 0(s0)
    .balign 4
caught:
    csrr  s2, mcause
    csrc  mstatus, t3
    csrw  satp, zero${END}`;

  const run = async (fence: string, chaos: number, bits = RW): Promise<string> => {
    const { reg } = await runProgram(await assembleText(remap(fence)), {
      chaos,
      prepare: (machine) => {
        machine.setWord(ROOT + 8n, leaf(ROOT + 0x1000n, 1n));
        machine.setWord(ROOT + 0x1000n, leaf(ROOT + 0x2000n, 1n));
        machine.setWord(ROOT + 0x2000n, leaf(FRAME, bits));
        machine.setWord(FRAME, 1n);
        machine.setWord(FRAME + 0x1000n, 2n);
      },
    });
    return `${reg("a0")},${reg("a1")},${reg("s2")}`;
  };

  test("stay until sfence.vma", async () => {
    expect(await run("nop", Chaos.StaleTranslation)).toBe("1,1,0");
    expect(await run("sfence.vma", Chaos.StaleTranslation)).toBe("1,2,0");
    expect(await run("sfence.vma s0", EVERYTHING)).toBe("1,2,0");
  });

  test("fault when A or D is not set, under the chaos that leaves both to software", async () => {
    const loadFault = 13;
    expect(await run("nop", Chaos.SoftwareMarks, RW & ~0xc0n)).toBe(`0,0,${loadFault}`);
    expect(await run("nop", 0, RW & ~0xc0n)).toMatch(/^1,/);
  });
});
