// Traps, modes, counters, interrupts and changing code, each in a small program.

import { describe, expect, test } from "vitest";
import { Stop } from "../../../build/gen/host/machine/core/machine.ts";
import { DATA, END, OPEN_MEMORY, PROGRAM, runText } from "./bare.ts";

/** The trap handler: it puts cause, tval, epc and mstatus into s2 to s5, and ends the program. */
const CATCH = `${OPEN_MEMORY}    la    t0, caught
    csrw  mtvec, t0
    j     begin
    .balign 4
caught:
    csrr  s2, mcause
    csrr  s3, mtval
    csrr  s4, mepc
    csrr  s5, mstatus
${END}
begin:
`;

/** Goes from machine mode to the label \`there\` in a mode (0 user, 1 supervisor). */
function enter(mode: number): string {
  return `
    li    t0, 3 << 11
    csrc  mstatus, t0
    li    t0, ${mode} << 11
    csrs  mstatus, t0
    la    t0, there
    csrw  mepc, t0
    mret
there:
`;
}

describe("exceptions", () => {
  test.each([
    ["a reserved instruction", ".word 0xffffffff", 2n, 0xffff_ffffn],
    ["a floating-point addition", ".word 0x02b57553", 2n, 0x02b5_7553n],
    ["a compressed floating-point load", ".half 0x2000", 2n, 0x2000n],
    ["sixteen zero bits", ".half 0", 2n, 0n],
    ["a shift by 64", ".word 0x04051613", 2n, 0x0405_1613n],
    ["a CSR that is not there", "csrr a0, 0x5c0", 2n, 0x5c00_2573n],
    ["a write to a CSR that can only be read", "csrw mhartid, a0", 2n, 0xf145_1073n],
    ["a load from an address without memory", "ld a0, 8(zero)", 5n, 8n],
    ["a store to an address without memory", "sd a0, 16(zero)", 7n, 16n],
    ["an AMO that is not aligned", `li a0, ${DATA + 4n}; amoadd.d a1, a1, (a0)`, 6n, DATA + 4n],
    ["an LR that is not aligned", `li a0, ${DATA + 2n}; lr.w a1, (a0)`, 4n, DATA + 2n],
    ["a call from machine mode", "ecall", 11n, 0n],
  ])("%s", async (_, text, cause, value) => {
    const { reg } = await runText(`${CATCH}${text.replaceAll("; ", "\n")}${END}`);
    expect([reg("s2"), reg("s3")]).toEqual([cause, value]);
  });

  test("a jump to an address without memory: mtval and mepc are both the target", async () => {
    const { reg } = await runText(`${CATCH} li a0, 0x1000\n jr a0${END}`);
    expect([reg("s2"), reg("s3"), reg("s4")]).toEqual([1n, 0x1000n, 0x1000n]);
  });

  test("ebreak reports its own address", async () => {
    const { reg } = await runText(`${CATCH} la a0, here\nhere: ebreak${END}`);
    expect([reg("s2"), reg("s3"), reg("s4")]).toEqual([3n, reg("a0"), reg("a0")]);
  });

  test("a failed load changes no register", async () => {
    const { reg } = await runText(`${CATCH} li a0, 77\n ld a0, 0(zero)${END}`);
    expect(reg("a0")).toBe(77n);
  });

  test.each([
    [0, 8n],
    [1, 9n],
  ])("a call from mode %i", async (mode, cause) => {
    const { reg } = await runText(`${CATCH}${enter(mode)} ecall${END}`);
    expect([reg("s2"), (reg("s5") >> 11n) & 3n]).toEqual([cause, BigInt(mode)]);
  });

  test("an exception that medeleg names goes to the supervisor, if it comes from a lower mode", async () => {
    const { reg } = await runText(`${CATCH}
    li    t0, 1 << 8
    csrw  medeleg, t0
    la    t0, supervisor
    csrw  stvec, t0
${enter(0)}
    ecall
    .balign 4
supervisor:
    csrr  a0, scause
    csrr  a1, sstatus
    ecall${END}`);
    // The supervisor's own call goes to machine mode. SPP says that the first one came from user mode.
    expect([reg("a0"), reg("a1") & 0x100n, reg("s2")]).toEqual([8n, 0n, 9n]);
  });
});

describe("what modes are not allowed to do", () => {
  const illegal = 2n;
  test.each([
    ["user mode: sret", 0, "sret", 0],
    ["user mode: wfi", 0, "wfi", 0],
    ["user mode: a supervisor's CSR", 0, "csrr a0, sstatus", 0],
    ["user mode: sfence.vma", 0, "sfence.vma", 0],
    ["user mode: the time, which scounteren does not give", 0, "rdtime a0", 0],
    ["supervisor: mret", 1, "mret", 0],
    ["supervisor: a machine's CSR", 1, "csrr a0, mstatus", 0],
    ["supervisor: sret under TSR", 1, "sret", 1 << 22],
    ["supervisor: wfi under TW", 1, "wfi", 1 << 21],
    ["supervisor: satp under TVM", 1, "csrr a0, satp", 1 << 20],
    ["supervisor: sfence.vma under TVM", 1, "sfence.vma", 1 << 20],
    ["supervisor: stimecmp without STCE", 1, "csrr a0, 0x14d", 0],
  ])("%s", async (_, mode, instruction, status) => {
    const { reg } = await runText(
      `${CATCH} li t0, ${status}\n csrs mstatus, t0\n${enter(mode)}${instruction}\n ecall`,
    );
    expect(reg("s2")).toBe(illegal);
  });

  test("the supervisor can read satp and execute wfi if nothing forbids it", async () => {
    const { reg } = await runText(
      `${CATCH} li t0, 2\n csrw mideleg, t0\n csrw mie, t0\n csrw mip, t0\n${enter(1)} csrr a0, satp\n wfi\n ecall`,
    );
    expect(reg("s2")).toBe(9n);
  });
});

describe("physical memory protection", () => {
  const read = (entries: string, mode = 1): string => `${CATCH}${entries}${enter(mode)}
    li    a0, ${DATA}
    ld    a1, 0(a0)
    ecall${END}`;
  const entry = (index: number, address: bigint, config: number): string => `
    li    t0, ${address}
    csrw  pmpaddr${index}, t0
    li    t0, ${0xff << (8 * index)}
    csrc  pmpcfg0, t0
    li    t0, ${config << (8 * index)}
    csrs  pmpcfg0, t0
`;
  const everything = entry(1, -1n, 0x1f);
  const page = (DATA >> 2n) | 0x1ffn;
  const loadFault = 5n;
  const fetchFault = 1n;
  const call = 9n;

  test.each([
    ["one entry for everything", everything, call],
    ["no entry", entry(0, 0n, 0), fetchFault],
    ["an earlier entry that forbids the page", entry(0, page, 0x18) + everything, loadFault],
    ["an earlier entry that forbids another page", entry(0, page + 0x400n, 0x18) + everything, call],
    ["an earlier entry that only allows writing to the page", entry(0, page, 0x1a) + everything, loadFault],
    ["an earlier entry that only allows reading the page", entry(0, page, 0x19) + everything, call],
    ["four bytes of the eight forbidden", entry(0, (DATA >> 2n) + 1n, 0x10) + everything, loadFault],
    [
      "four bytes of the eight in an entry of their own, which allows them",
      entry(0, (DATA >> 2n) + 1n, 0x17) + everything,
      loadFault,
    ],
    ["four bytes after the eight forbidden", entry(0, (DATA >> 2n) + 2n, 0x10) + everything, call],
    ["everything below an address forbidden", entry(0, (DATA >> 2n) + 2n, 0x08) + everything, fetchFault],
  ])("%s", async (_, entries, cause) => {
    const { reg } = await runText(read(entries));
    expect(reg("s2")).toBe(cause);
  });

  test("only locked entries apply to machine mode", async () => {
    const text = (config: number): string => `${CATCH}${entry(0, page, config)}
    li    a0, ${DATA}
    ld    a1, 0(a0)
    ecall${END}`;
    expect((await runText(text(0x18))).reg("s2")).toBe(11n);
    expect((await runText(text(0x98))).reg("s2")).toBe(loadFault);
  });
});

describe("counters", () => {
  test("every instruction is counted once, for every length of turns", async () => {
    const text = `
    li    t0, 100
    csrr  a0, minstret
2:  addi  t0, t0, -1
    mul   t1, t0, t0
    bnez  t0, 2b
    csrr  a1, minstret${END}`;
    for (const turns of [0, 1, 3, 64]) {
      const { reg } = await runText(text, { turns });
      expect(reg("a1") - reg("a0")).toBe(301n);
    }
  });

  test("the next instruction reads a written value, and a trap retires nothing", async () => {
    const { reg } = await runText(`
    la    t0, 3f
    csrw  mtvec, t0
    csrwi minstret, 5
    csrr  a0, minstret
    csrwi minstret, 0
    .word 0
    .balign 4
3:  csrr  a1, minstret${END}`);
    expect([reg("a0"), reg("a1")]).toEqual([5n, 0n]);
  });
});

describe("interrupts", () => {
  test("a software interrupt is taken when it is enabled, at the vector of its cause", async () => {
    const { reg } = await runText(`
    la    t0, vectors
    ori   t0, t0, 1
    csrw  mtvec, t0
    li    t0, 8
    csrw  mie, t0
    li    t1, 0x2000000
    li    t2, 1
    sw    t2, 0(t1)
    li    a0, 1
    csrsi mstatus, 8
    li    a0, 2
    j     2f
    .balign 64
    .option norvc
vectors:
    j     2f
    j     2f
    j     2f
    j     taken
    .option rvc
taken:
    csrr  a1, mcause
2:  sw    zero, 0(t1)${END}`);
    expect([reg("a0"), reg("a1")]).toEqual([1n, (1n << 63n) | 3n]);
  });

  test("a timer interrupts a hart that sleeps exactly at its tick", async () => {
    const { reg } = await runText(`
    la    t0, 3f
    csrw  mtvec, t0
    rdtime a0
    addi  a0, a0, 1000
    li    t1, 0x2004000
    sd    a0, 0(t1)
    li    t0, 0x80
    csrw  mie, t0
    csrsi mstatus, 8
2:  wfi
    j     2b
    .balign 4
3:  rdtime a1
    csrr  a2, mcause${END}`);
    expect([reg("a1") - reg("a0"), reg("a2")]).toEqual([0n, (1n << 63n) | 7n]);
  });

  test("a timer interrupts a hart that spins", async () => {
    const { reg } = await runText(`
    la    t0, 3f
    csrw  mtvec, t0
    rdtime a0
    addi  a0, a0, 100
    li    t1, 0x2004000
    sd    a0, 0(t1)
    li    t0, 0x80
    csrw  mie, t0
    csrsi mstatus, 8
2:  j     2b
    .balign 4
3:  rdtime a1${END}`);
    expect(reg("a1") - reg("a0")).toBe(0n);
  });
});

describe("changing code", () => {
  test("a written instruction takes effect after fence.i, although the old one was executed", async () => {
    const { reg } = await runText(`
    la    t0, patched
    lw    t1, other
    li    t2, 2
again:
    .balign 4
patched:
    addi  a0, a0, 1
    sw    t1, 0(t0)
    fence.i
    addi  t2, t2, -1
    bnez  t2, again
    j     2f
    .balign 4
other:
    addi  a0, a0, 100
2:${END}`);
    expect(reg("a0")).toBe(101n);
  });

  test("an instruction that straddles two pages", async () => {
    const { reg } = await runText(`
    li    t2, 3
    j     2f
    .balign 4096
    .zero 4092
2:  c.nop
    addi  a0, a0, 1000
    addi  t2, t2, -1
    bnez  t2, 2b${END}`);
    expect(reg("a0")).toBe(3000n);
  });
});

describe("LR and SC between harts", () => {
  test("four harts can increment a counter with LR and SC", async () => {
    const text = `
    li    s0, ${DATA}
    li    s1, 500
2:  lr.d  t0, (s0)
    addi  t0, t0, 1
    sc.d  t1, t0, (s0)
    bnez  t1, 2b
    addi  s1, s1, -1
    bnez  s1, 2b${END}`;
    for (const [turns, seed] of [
      [1, 0n],
      [0, 1n],
      [0, 2n],
      [3, 3n],
    ] as const) {
      const { machine } = await runText(text, { harts: 4, turns, seed });
      expect(machine.word(DATA)).toBe(2000n);
    }
  });

  test("another hart's store breaks a reservation even if it changes nothing", async () => {
    // Hart 1 stores zero over zero, all the time; hart 0 takes eight instructions between LR and SC.
    const { reg } = await runText(
      `
    li    s0, ${DATA}
    li    s1, 100
    csrr  t0, mhartid
    bnez  t0, 3f
2:  lr.d  t0, (s0)
    .rept 8
    nop
    .endr
    sc.d  t1, t0, (s0)
    add   a0, a0, t1
    addi  s1, s1, -1
    bnez  s1, 2b
    sd    s0, 64(s0)
    j     4f
3:  sd    zero, 8(s0)
    ld    t1, 64(s0)
    beqz  t1, 3b
4:${END}`,
      { harts: 2, turns: 1 },
    );
    expect(reg("a0")).toBe(100n);
  });

  test("an SC to another address, of another size, or a second time, fails", async () => {
    const { reg } = await runText(`
    li    s0, ${DATA}
    lr.d  t0, (s0)
    addi  t1, s0, 8
    sc.d  a0, t0, (t1)
    lr.d  t0, (s0)
    sc.w  a1, t0, (s0)
    lr.d  t0, (s0)
    sc.d  a2, t0, (s0)
    sc.d  a3, t0, (s0)${END}`);
    expect([reg("a0"), reg("a1"), reg("a2"), reg("a3")]).toEqual([1n, 1n, 0n, 1n]);
  });
});

test("a breakpoint stops before its instruction, once each time a hart comes to it", async () => {
  const { machineModule, assembleText } = await import("./bare.ts");
  const { BareMachine } = await import("../../../machine/host/bare.ts");
  const machine = new BareMachine(await machineModule(), { harts: 1, ramMebibytes: 16 });
  machine.startProgram(
    await assembleText(`    li a0, 0\n2: addi a0, a0, 1\n li t0, 3\n bne a0, t0, 2b${END}`),
  );
  machine.core.addBreakpoint(PROGRAM + 2n);
  const seen: bigint[] = [];
  while (machine.core.run(1000n) === Stop.Breakpoint) {
    seen.push(machine.register(0, 10));
  }
  expect(seen).toEqual([0n, 1n, 2n]);
});
