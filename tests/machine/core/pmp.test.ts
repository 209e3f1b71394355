// Physical memory protection, exact to the byte: an entry applies to the bytes that it covers and to no others, for instructions
// and data, for machine mode if it is locked, and for walks through page tables.

import { describe, expect, test } from "vitest";
import { Stop } from "../../../build/gen/host/machine/core/machine.ts";
import { assembleText, DATA, END, PROGRAM, runProgram, runText } from "./bare.ts";

const R = 1;
const W = 2;
const X = 4;
const TOR = 0x08;
const NA4 = 0x10;
const NAPOT = 0x18;
const LOCK = 0x80;

const FETCH_FAULT = 1n;
const LOAD_FAULT = 5n;
const STORE_FAULT = 7n;

const USER = 0;
const SUPERVISOR = 1;
const MACHINE = 3;

/** The page of code that is only partly covered by entries. */
const CODE = PROGRAM + 0x1000n;

/** An entry: the value of pmpaddr, and its byte of pmpcfg. */
type Entry = readonly [address: bigint, config: number];

/** Allows everything in all of memory. */
const OPEN: Entry = [-1n, NAPOT | R | W | X];

const na4 = (at: bigint, config: number): Entry[] => [[at >> 2n, NA4 | config]];
const napot = (at: bigint, bytes: bigint, config: number): Entry[] => [
  [(at >> 2n) | (bytes / 8n - 1n), NAPOT | config],
];
const tor = (from: bigint, to: bigint, config: number): Entry[] => [
  [from >> 2n, 0],
  [to >> 2n, TOR | config],
];

/** Sets the entries, in order, from the first on. */
function set(entries: readonly Entry[]): string {
  const config = entries.reduce((all, [, byte], index) => all | (BigInt(byte) << BigInt(8 * index)), 0n);
  const addresses = entries.map(([address], index) => `li t0, ${address}\n csrw pmpaddr${index}, t0\n`);
  return `${addresses.join(" ")} li t0, ${config}\n csrw pmpcfg0, t0\n`;
}

/**
 * Sets the entries and goes to `from` in a mode. The first trap ends the program, with its cause in s2, value in s3, place in s4.
 * `code` is at CODE.
 */
function program(entries: readonly Entry[], mode: number, code: string, from = CODE): string {
  return `
    la    t0, caught
    csrw  mtvec, t0
    ${set(entries)}
    li    t0, 3 << 11
    csrc  mstatus, t0
    li    t0, ${mode} << 11
    csrs  mstatus, t0
    li    t0, ${from}
    csrw  mepc, t0
    li    s0, ${DATA}
    mret
    .balign 4
caught:
    csrr  s2, mcause
    csrr  s3, mtval
    csrr  s4, mepc
${END}
    .balign 4096
    ${code}`;
}

async function trapOf(text: string): Promise<{ cause: bigint; value: bigint; at: bigint; count: bigint }> {
  const { reg } = await runText(text);
  return { cause: reg("s2"), value: reg("s3"), at: reg("s4"), count: reg("a0") };
}

/** Sixteen instructions of four bytes that count, and a call. */
const COUNT = ".option norvc\n .rept 16\n addi a0, a0, 1\n .endr\n ecall\n";

describe("instructions", () => {
  const modes: readonly [string, number, number][] = [
    ["user", USER, 0],
    ["supervisor", SUPERVISOR, 0],
    ["machine, locked", MACHINE, LOCK],
  ];
  const kinds: readonly [string, (config: number) => Entry[]][] = [
    ["NA4", (config) => na4(CODE + 16n, config)],
    ["NAPOT", (config) => napot(CODE + 16n, 8n, config)],
    ["TOR", (config) => tor(CODE + 16n, CODE + 20n, config)],
  ];
  describe.each(modes)("in %s mode", (_, mode, lock) => {
    test.each(kinds)("a few bytes of a page without X (%s) are not executed", async (__, entries) => {
      const closed = [...entries(R | W | lock), OPEN];
      const at = CODE + 16n;
      const trap = await trapOf(program(closed, mode, COUNT));
      expect(trap).toEqual({ cause: FETCH_FAULT, value: at, at, count: 4n });
    });

    test.each(kinds)("the code after such bytes is executed (%s)", async (__, entries) => {
      const trap = await trapOf(program([...entries(R | lock), OPEN], mode, COUNT, CODE + 24n));
      expect(trap).toEqual({ cause: 8n + BigInt(mode), value: 0n, at: CODE + 64n, count: 10n });
    });

    test.each(kinds)(
      "in a page without X, only a few bytes that have it (%s) are executed",
      async (__, entries) => {
        const closed = [...entries(X | lock), ...napot(CODE, 4096n, R | lock), OPEN];
        const trap = await trapOf(program(closed, mode, COUNT, CODE + 16n));
        expect(trap).toMatchObject({ cause: FETCH_FAULT, at: trap.value });
        expect(trap.value - CODE - 16n).toBe(4n * trap.count);
        expect([1n, 2n]).toContain(trap.count);
        const outside = await trapOf(program(closed, mode, COUNT, CODE + 12n));
        expect(outside).toMatchObject({ cause: FETCH_FAULT, value: CODE + 12n, count: 0n });
      },
    );
  });

  test("machine mode executes bytes without X that are not locked", async () => {
    const trap = await trapOf(program([...na4(CODE + 16n, R), OPEN], MACHINE, COUNT));
    expect(trap).toMatchObject({ cause: 11n, count: 16n });
  });

  // Halfwords: c.addi at 0, four bytes each from 2 on; four bytes at 14 and 18.
  const HALVES = ".option rvc\n c.addi a0, 1\n .option norvc\n .rept 8\n addi a0, a0, 1\n .endr\n ecall\n";
  test.each([
    ["the second half", CODE + 16n, CODE + 16n, CODE + 14n, 4n],
    ["the first half", CODE + 20n, CODE + 20n, CODE + 18n, 5n],
  ])("an instruction of four bytes is not executed without X for %s", async (_, closed, value, at, count) => {
    const trap = await trapOf(program([...na4(closed, R), OPEN], SUPERVISOR, HALVES));
    expect(trap).toEqual({ cause: FETCH_FAULT, value, at, count });
  });

  test("an instruction is not executed with X on its first half alone, or when it begins on bytes without X", async () => {
    const entries = [...tor(CODE, CODE + 16n, X), ...napot(CODE, 4096n, R), OPEN];
    expect(await trapOf(program(entries, USER, HALVES, CODE + 14n))).toMatchObject({
      value: CODE + 16n,
      count: 0n,
    });
    expect(await trapOf(program(entries, USER, HALVES, CODE + 18n))).toMatchObject({
      value: CODE + 18n,
      count: 0n,
    });
  });

  test("instructions of two bytes are executed up to the edge of bytes without X", async () => {
    const short = ".option rvc\n .rept 16\n c.addi a0, 1\n .endr\n c.ebreak\n";
    const trap = await trapOf(program([...na4(CODE + 16n, R), OPEN], SUPERVISOR, short));
    expect(trap).toMatchObject({ cause: FETCH_FAULT, value: CODE + 16n, at: CODE + 16n, count: 8n });
  });

  test("an instruction is not executed if it reaches into a next page that begins without X", async () => {
    const text = ".skip 4094\n .option norvc\n addi a0, a0, 1\n ecall\n";
    const closed = [...na4(CODE + 4096n, R), OPEN];
    const trap = await trapOf(program(closed, SUPERVISOR, text, CODE + 4094n));
    expect(trap).toEqual({ cause: FETCH_FAULT, value: CODE + 4096n, at: CODE + 4094n, count: 0n });
    const behind = [...na4(CODE + 4100n, R), OPEN];
    expect(await trapOf(program(behind, SUPERVISOR, text, CODE + 4094n))).toMatchObject({
      cause: 1n,
      count: 1n,
    });
  });

  // A loop with calls within the page and out of it, and a load, for every length of turns. Machine mode may read minstret.
  const LOOP = `
    .option norvc
    li    s1, 50
    csrr  s5, minstret
2:  jal   3f
    ld    t0, 0(s0)
    la    t1, elsewhere
    jalr  t1
    addi  s1, s1, -1
    bnez  s1, 2b
    csrr  s6, minstret
    sub   a1, s6, s5
    ecall
3:  addi  a0, a0, 1
    ret
    .balign 4096
elsewhere:
    addi  a0, a0, 2
    ret
`;
  test.each([0, 1, 3, 64])(
    "a page with several PMP entries runs as any other, in turns of %i",
    async (turns) => {
      const mixed = await assembleText(program([...na4(CODE + 2048n, R | LOCK), OPEN], MACHINE, LOOP));
      const plain = await assembleText(program([OPEN], MACHINE, LOOP));
      const results: bigint[][] = [];
      for (const each of [mixed, plain]) {
        const { reg } = await runProgram(each, { turns });
        results.push(["s2", "a0", "a1"].map((name) => reg(name)));
      }
      expect(results[0]).toEqual(results[1]);
      expect(results[0]?.slice(0, 2)).toEqual([11n, 150n]);
    },
  );

  test("a breakpoint in such a page stops the machine once", async () => {
    const text = await assembleText(program([...na4(CODE + 2048n, R), OPEN], SUPERVISOR, COUNT));
    const { reg } = await runProgram(text, {
      prepare: (each) => {
        each.core.addBreakpoint(CODE + 8n);
        expect(each.core.run(10_000n)).not.toBe(Stop.Idle);
        expect(BigInt.asUintN(64, each.core.hartPc(0))).toBe(CODE + 8n);
      },
    });
    expect(reg("a0")).toBe(16n);
  });

  test("code that was decoded while the page was open is checked again", async () => {
    const text = `
    .option norvc
    li    a0, 0
    li    t1, 2
2:  addi  a0, a0, 1
    ${set([...na4(CODE + 4096n, R | LOCK), OPEN])}
    la    t0, behind
    jalr  t0
    .balign 4096
behind:
    addi  a0, a0, 100
    ret
`;
    expect(await trapOf(program([OPEN], MACHINE, text))).toMatchObject({ cause: FETCH_FAULT, count: 1n });
  });
});

describe("data", () => {
  const access = (
    entries: readonly Entry[],
    mode: number,
    text: string,
  ): Promise<{ cause: bigint; value: bigint }> =>
    trapOf(program([...entries, OPEN], mode, `${text}\n ecall\n`));

  test.each([
    ["a load that begins before it", "ld t0, 8(s0)", LOAD_FAULT, 8n],
    ["one that lies across its edge", "lw t0, 14(s0)", LOAD_FAULT, 14n],
    ["one of its last byte", "lb t0, 15(s0)", LOAD_FAULT, 15n],
    ["a store across its edge", "sw t0, 10(s0)", STORE_FAULT, 10n],
    ["an AMO", "addi t1, s0, 12\n amoadd.w t0, t0, (t1)", STORE_FAULT, 12n],
    ["an LR", "addi t1, s0, 8\n lr.d t0, (t1)", LOAD_FAULT, 8n],
    ["an SC, reserved or not", "addi t1, s0, 12\n sc.w t0, t0, (t1)", STORE_FAULT, 12n],
  ])("a region of four bytes refuses %s", async (_, text, cause, offset) => {
    const trap = await access(na4(DATA + 12n, 0), SUPERVISOR, text);
    expect(trap).toMatchObject({ cause, value: DATA + offset });
  });

  test.each(["lw t0, 8(s0)", "lh t0, 10(s0)", "lw t0, 16(s0)", "sb t0, 11(s0)"])(
    "a region of four bytes allows %s beside it",
    async (text) => {
      expect(await access(na4(DATA + 12n, 0), SUPERVISOR, text)).toMatchObject({ cause: 9n });
    },
  );

  test("an access that crosses a page is refused by either side", async () => {
    const end = DATA + 4096n;
    const text = "li t1, 4096\n add s0, s0, t1\n sd t0, -4(s0)";
    expect(await access(na4(end - 4n, R), SUPERVISOR, text)).toMatchObject({
      cause: STORE_FAULT,
      value: end - 4n,
    });
    expect(await access(na4(end, R), SUPERVISOR, text)).toMatchObject({ cause: STORE_FAULT, value: end });
  });

  test("machine mode with MPRV is checked as the mode in MPP", async () => {
    const text = (mode: number): string => `
    li    t0, 3 << 11
    csrc  mstatus, t0
    li    t0, 1 << 17 | ${mode} << 11
    csrs  mstatus, t0
    lw    t0, 12(s0)`;
    expect(await access(na4(DATA + 12n, 0), MACHINE, text(USER))).toMatchObject({ cause: LOAD_FAULT });
    expect(await access(na4(DATA + 12n, 0), MACHINE, text(SUPERVISOR))).toMatchObject({ cause: LOAD_FAULT });
    expect(await access(na4(DATA + 12n, 0), MACHINE, text(MACHINE))).toMatchObject({ cause: 11n });
  });
});

describe("page tables", () => {
  const ROOT = DATA + 0x1_0000n;
  const V = 1n;
  const RWX = 14n;
  const A = 64n;
  const D = 128n;

  /** Runs `text` in supervisor mode, with a table of these A and D bits that maps each gigabyte of RAM to itself. */
  async function walk(entries: readonly Entry[], marks: bigint, text: string): Promise<{ cause: bigint }> {
    const code = `li t0, ${(8n << 60n) | (ROOT >> 12n)}\n csrw satp, t0\n ${text}\n ecall\n`;
    const assembled = await assembleText(program([...entries, OPEN], SUPERVISOR, code));
    const { reg } = await runProgram(assembled, {
      prepare: (machine) => machine.setWord(ROOT + 16n, ((PROGRAM >> 12n) << 10n) | V | RWX | marks),
    });
    return { cause: reg("s2") };
  }

  test("that must not be read give the access fault of the access", async () => {
    expect(await walk(na4(ROOT + 16n, 0), A | D, "ld t0, 0(s0)")).toEqual({ cause: FETCH_FAULT });
    expect(await walk(na4(ROOT + 24n, 0), A | D, "ld t0, 0(s0)")).toEqual({ cause: 9n });
  });

  test("that must not be written give an access fault only if A or D has to be set", async () => {
    const readOnly = na4(ROOT + 16n, R);
    const whole = napot(ROOT + 16n, 8n, R);
    expect(await walk(whole, 0n, "nop")).toEqual({ cause: FETCH_FAULT });
    expect(await walk(whole, A, "ld t0, 0(s0)")).toEqual({ cause: 9n });
    expect(await walk(whole, A, "sd t0, 0(s0)")).toEqual({ cause: STORE_FAULT });
    expect(await walk(whole, A | D, "sd t0, 0(s0)")).toEqual({ cause: 9n });
    // Half an entry is not all of it.
    expect(await walk(readOnly, A | D, "nop")).toEqual({ cause: FETCH_FAULT });
  });
});
