// Sv39: what each bit of an entry allows in which mode, superpages, ASIDs, fences, and accesses that cross pages.
//
// The host writes the page tables. A program goes to a mode and makes one access. Virtual pages are mapped at VIRTUAL.

import { describe, expect, test } from "vitest";
import type { BareMachine } from "../../../machine/host/bare.ts";
import { DATA, END, OPEN_MEMORY, PROGRAM, runText } from "./bare.ts";

const V = 1n;
const R = 2n;
const W = 4n;
const X = 8n;
const U = 16n;
const A = 64n;
const D = 128n;
const RW = V | R | W | A | D;

/** Three tables for VIRTUAL, one for the identity map of RAM. */
const ROOT = DATA + 0x1_0000n;
const MIDDLE = ROOT + 0x1000n;
const LEAVES = ROOT + 0x2000n;
const VIRTUAL = 0x4000_0000n;
const FRAME = DATA + 0x2_0000n;
const SATP = (8n << 60n) | (ROOT >> 12n);

function entry(physical: bigint, bits: bigint): bigint {
  return ((physical >> 12n) << 10n) | bits;
}

/** Maps RAM one to one for the supervisor, and pages from VIRTUAL on by `leaves`. */
function map(machine: BareMachine, leaves: readonly bigint[]): void {
  machine.setWord(ROOT + 8n * 2n, entry(PROGRAM, V | R | W | X | A | D));
  machine.setWord(ROOT + 8n * 1n, entry(MIDDLE, V));
  machine.setWord(MIDDLE, entry(LEAVES, V));
  leaves.forEach((leaf, index) => {
    machine.setWord(LEAVES + BigInt(index * 8), leaf);
  });
}

/**
 * Goes to supervisor mode with SATP and runs `text`. A trap ends the program, with the cause in s2 and the address in s3. Memory
 * accesses for user mode are made in machine mode, with MPRV.
 */
function supervisor(text: string, status = 0n): string {
  return `${OPEN_MEMORY}
    la    t0, caught
    csrw  mtvec, t0
    li    t0, ${SATP}
    csrw  satp, t0
    li    t0, 3 << 11
    csrc  mstatus, t0
    li    t0, 1 << 11 | ${status}
    csrs  mstatus, t0
    la    t0, there
    csrw  mepc, t0
    li    s0, ${VIRTUAL}
    mret
    .balign 4
caught:
    csrr  s2, mcause
    csrr  s3, mtval
    csrw  satp, zero
${END}
there:
    ${text}
    ecall
`;
}

/** The same with user mode's view of memory. */
function user(text: string, status = 0n): string {
  return `${OPEN_MEMORY}
    la    t0, caught
    csrw  mtvec, t0
    li    t0, ${SATP}
    csrw  satp, t0
    li    s0, ${VIRTUAL}
    li    t0, 3 << 11
    csrc  mstatus, t0
    li    t0, 1 << 17 | ${status}
    csrs  mstatus, t0
    ${text}
    ecall
    .balign 4
caught:
    li    t0, 1 << 17
    csrc  mstatus, t0
    csrr  s2, mcause
    csrr  s3, mtval
${END}`;
}

const SUM = 1n << 18n;
const MXR = 1n << 19n;
const S_CALL = 9n;
const M_CALL = 11n;
const FETCH_FAULT = 12n;
const LOAD_FAULT = 13n;
const STORE_FAULT = 15n;
const LOAD = "ld a0, 16(s0)";
const STORE = "sd s0, 16(s0)";
const JUMP = "jr s0";

describe("what an entry allows", () => {
  test.each([
    ["supervisor loads", supervisor(LOAD), RW, S_CALL],
    ["supervisor stores", supervisor(STORE), RW, S_CALL],
    ["a store where W is missing", supervisor(STORE), V | R | A | D, STORE_FAULT],
    ["a load where only X is", supervisor(LOAD), V | X | A, LOAD_FAULT],
    ["a load where only X is, with MXR", supervisor(LOAD, MXR), V | X | A, S_CALL],
    ["W without R", supervisor(LOAD), V | W | A | D, LOAD_FAULT],
    ["an entry that is not valid", supervisor(LOAD), RW & ~V, LOAD_FAULT],
    ["a jump where X is missing", supervisor(JUMP), RW, FETCH_FAULT],
    ["a supervisor's jump to a user's page", supervisor(JUMP, SUM), RW | X | U, FETCH_FAULT],
    ["a supervisor's load from a user's page", supervisor(LOAD), RW | U, LOAD_FAULT],
    ["a supervisor's load from a user's page, with SUM", supervisor(LOAD, SUM), RW | U, S_CALL],
    ["user loads", user(LOAD), RW | U, M_CALL],
    ["user stores", user(STORE), RW | U, M_CALL],
    ["a user's load from a supervisor's page", user(LOAD), RW, LOAD_FAULT],
    ["a user's store to a supervisor's page, with SUM", user(STORE, SUM), RW, STORE_FAULT],
    ["a reserved bit", supervisor(LOAD), RW | (1n << 60n), LOAD_FAULT],
    ["Svnapot's bit", supervisor(LOAD), RW | (1n << 63n), LOAD_FAULT],
  ])("%s", async (_, text, bits, cause) => {
    const { reg } = await runText(text, { prepare: (machine) => map(machine, [entry(FRAME, bits)]) });
    expect(reg("s2")).toBe(cause);
    if (cause < S_CALL || cause > M_CALL) {
      expect(reg("s3") & ~16n).toBe(VIRTUAL);
    }
  });

  test("an address that is not canonical", async () => {
    const { reg } = await runText(supervisor("li t0, 1 << 38\n add s0, s0, t0\n ld a0, 0(s0)"), {
      prepare: (machine) => map(machine, [entry(FRAME, RW)]),
    });
    expect([reg("s2"), reg("s3")]).toEqual([LOAD_FAULT, VIRTUAL + (1n << 38n)]);
  });

  test("a page table where there is no RAM is an access fault", async () => {
    const { reg } = await runText(supervisor(LOAD), {
      prepare: (machine) => {
        map(machine, []);
        machine.setWord(MIDDLE, entry(0x1000n, V));
      },
    });
    expect(reg("s2")).toBe(5n);
  });

  test.each([
    ["U", U],
    ["A", A],
    ["D", D],
  ])("%s in a pointer to the next table is reserved", async (_, bit) => {
    const { reg } = await runText(supervisor(LOAD), {
      prepare: (machine) => {
        map(machine, [entry(FRAME, RW)]);
        machine.setWord(MIDDLE, entry(LEAVES, V | bit));
      },
    });
    expect(reg("s2")).toBe(LOAD_FAULT);
  });

  test("A and D are set in the table, D only by stores", async () => {
    const bits = V | R | W;
    const { machine } = await runText(supervisor(LOAD), {
      prepare: (fresh) => map(fresh, [entry(FRAME, bits)]),
    });
    expect(machine.word(LEAVES) & (A | D)).toBe(A);
    const { machine: stored } = await runText(supervisor(STORE), {
      prepare: (fresh) => map(fresh, [entry(FRAME, bits)]),
    });
    expect(stored.word(LEAVES) & (A | D)).toBe(A | D);
  });

  test("a superpage that is not aligned is a page fault, and an aligned one maps to its last byte", async () => {
    const megapage = (at: bigint) => (machine: BareMachine) => {
      map(machine, []);
      machine.setWord(MIDDLE, entry(at, RW));
      machine.setWord(PROGRAM + 0x20_0000n + 0x1f_fff8n, 1234n);
    };
    const { reg } = await runText(supervisor(LOAD), { prepare: megapage(FRAME) });
    expect(reg("s2")).toBe(LOAD_FAULT);
    const good = await runText(supervisor("li t0, 0x1ffff8\n add s0, s0, t0\n ld a0, 0(s0)"), {
      prepare: megapage(PROGRAM + 0x20_0000n),
    });
    expect([good.reg("s2"), good.reg("a0")]).toEqual([S_CALL, 1234n]);
  });
});

describe("accesses that cross a page", () => {
  const across = (text: string) => supervisor(`li t0, 0xffc\n add s0, s0, t0\n ${text}`);

  test("join the bytes of two frames", async () => {
    const { reg, machine } = await runText(across("ld a0, 0(s0)\n not a1, a0\n sd a1, 0(s0)"), {
      prepare: (fresh) => {
        map(fresh, [entry(FRAME, RW), entry(FRAME + 0x3000n, RW)]);
        fresh.setWord(FRAME + 0xff8n, 0x1122_3344_5566_7788n);
        fresh.setWord(FRAME + 0x3000n, 0x99aa_bbcc_ddee_ff00n);
      },
    });
    expect(reg("a0")).toBe(0xddee_ff00_1122_3344n);
    expect(machine.word(FRAME + 0xff8n)).toBe(0xeedd_ccbb_5566_7788n);
    expect(machine.word(FRAME + 0x3000n)).toBe(0x99aa_bbcc_2211_00ffn);
  });

  test("fault on the second page before anything is stored", async () => {
    const { reg, machine } = await runText(across("sd s0, 0(s0)"), {
      prepare: (fresh) => map(fresh, [entry(FRAME, RW), entry(FRAME + 0x3000n, V | R | A)]),
    });
    expect([reg("s2"), reg("s3")]).toEqual([STORE_FAULT, VIRTUAL + 0x1000n]);
    expect(machine.word(FRAME + 0xff8n)).toBe(0n);
  });

  test("an instruction whose second half is not mapped: mtval is the address of that half", async () => {
    const { reg } = await runText(supervisor("li t0, 0xffe\n add s0, s0, t0\n jr s0"), {
      prepare: (fresh) => {
        map(fresh, [entry(FRAME, V | X | A)]);
        fresh.setWord(FRAME + 0xff8n, 0x0013n << 48n);
      },
    });
    expect([reg("s2"), reg("s3")]).toEqual([FETCH_FAULT, VIRTUAL + 0x1000n]);
  });
});

describe("sfence.vma", () => {
  /** Reads VIRTUAL, maps another frame there through the identity map, fences, reads again. */
  const remap = (fence: string) =>
    supervisor(`
    ld    a0, 0(s0)
    li    t1, ${LEAVES}
    li    t2, ${entry(FRAME + 0x1000n, RW)}
    sd    t2, 0(t1)
    ${fence}
    ld    a1, 0(s0)`);
  const prepare = (machine: BareMachine): void => {
    map(machine, [entry(FRAME, RW)]);
    machine.setWord(FRAME, 1n);
    machine.setWord(FRAME + 0x1000n, 2n);
  };

  test.each([
    ["sfence.vma"],
    ["sfence.vma s0"],
    ["sfence.vma zero, zero"],
    ["sfence.vma s0, zero"],
    ["li t0, 0\n sfence.vma zero, t0"],
    ["li t0, 0\n sfence.vma s0, t0"],
  ])("%s: the new page is seen", async (fence) => {
    const { reg } = await runText(remap(fence), { prepare });
    expect([reg("a0"), reg("a1")]).toEqual([1n, 2n]);
  });

  test("of an address within a superpage covers all of it", async () => {
    const text = supervisor(`
    ld    a0, 0(s0)
    li    t1, ${MIDDLE}
    li    t2, ${entry(LEAVES, V)}
    sd    t2, 0(t1)
    li    t0, 0x5000
    add   t0, s0, t0
    sfence.vma t0
    ld    a1, 0(s0)`);
    const { reg } = await runText(text, {
      prepare: (machine) => {
        prepare(machine);
        machine.setWord(MIDDLE, entry(PROGRAM + 0x20_0000n, RW));
        machine.setWord(PROGRAM + 0x20_0000n, 7n);
      },
    });
    expect([reg("a0"), reg("a1")]).toEqual([7n, 1n]);
  });

  test("is not needed to switch the address space: writing satp is enough", async () => {
    const other = (8n << 60n) | (5n << 44n) | ((ROOT + 0x8000n) >> 12n);
    const text = supervisor(`
    ld    a0, 0(s0)
    li    t1, ${other}
    csrrw t2, satp, t1
    ld    a1, 0(s0)
    csrw  satp, t2
    ld    a2, 0(s0)`);
    const { reg } = await runText(text, {
      prepare: (machine) => {
        prepare(machine);
        const second = ROOT + 0x8000n;
        machine.setWord(second + 16n, entry(PROGRAM, V | R | W | X | A | D));
        machine.setWord(second + 8n, entry(second + 0x1000n, V));
        machine.setWord(second + 0x1000n, entry(second + 0x2000n, V));
        machine.setWord(second + 0x2000n, entry(FRAME + 0x1000n, RW));
      },
    });
    expect([reg("a0"), reg("a1"), reg("a2")]).toEqual([1n, 2n, 1n]);
  });
});
