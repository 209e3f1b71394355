// What each CSR keeps of a written value: fields that only hold legal values (WARL), and views of other registers.

import { beforeEach, describe, expect, test } from "vitest";
import { BareMachine } from "../../../machine/host/bare.ts";
import { machineModule, PROGRAM } from "./bare.ts";

const ALL = 0xffff_ffff_ffff_ffffn;
const STCE = 1n << 63n;

let machine: BareMachine;
beforeEach(async () => {
  machine = new BareMachine(await machineModule(), { harts: 2, ramMebibytes: 4 });
  machine.start(PROGRAM);
});

function written(csr: number, value: bigint): bigint {
  machine.core.setHartCsr(0, csr, value);
  return read(csr);
}

function read(csr: number, hart = 0): bigint {
  return BigInt.asUintN(64, machine.core.hartCsr(hart, csr));
}

describe("after all ones were written", () => {
  test.each([
    ["mstatus: no floating point, no vectors, 64-bit modes", 0x300, 0xa_007e_19aan],
    ["sstatus", 0x100, 0xa_007e_19aan & 0x3_000c_0122n],
    ["misa: A C I M S U, fixed", 0x301, 0x8000_0000_0014_1105n],
    ["medeleg: no calls from machine mode", 0x302, 0xb3ffn],
    ["mideleg", 0x303, 0x222n],
    ["mie", 0x304, 0xaaan],
    ["mtvec: direct or vectored", 0x305, ALL & ~2n],
    ["stvec", 0x105, ALL & ~2n],
    ["mcounteren", 0x306, 0xffff_ffffn],
    ["menvcfg: STCE and FIOM", 0x30a, STCE | 1n],
    ["senvcfg: FIOM", 0x10a, 1n],
    ["mscratch", 0x340, ALL],
    ["mepc: even", 0x341, ALL & ~1n],
    ["sepc: even", 0x141, ALL & ~1n],
    ["mcause", 0x342, ALL],
    ["stval", 0x143, ALL],
    ["mip: the machine's own bits are wires", 0x344, 0x222n],
    ["satp: mode 15 is not there, and nothing changes", 0x180, 0n],
    ["pmpaddr0: 54 bits", 0x3b0, (1n << 54n) - 1n],
    ["pmpaddr16: not there", 0x3c0, 0n],
    ["mhpmcounter3: not there", 0xb03, 0n],
    ["tselect: no triggers", 0x7a0, 0n],
    ["mcountinhibit: nothing stops", 0x320, 0n],
  ])("%s", (_, csr, expected) => {
    expect(written(csr, ALL)).toBe(expected);
  });
});

test("MPP keeps its value when a mode that does not exist is written", () => {
  expect(written(0x300, 1n << 11n) & (3n << 11n)).toBe(1n << 11n);
  expect(written(0x300, 2n << 11n) & (3n << 11n)).toBe(1n << 11n);
});

test("sie and sip show only delegated interrupts", () => {
  written(0x304, 0xaaan);
  expect(read(0x104)).toBe(0n);
  written(0x303, 0x22n);
  expect(read(0x104)).toBe(0x22n);
  written(0x104, 0n);
  expect(read(0x304)).toBe(0xaaan & ~0x22n);
  written(0x344, 0x222n);
  expect(read(0x144)).toBe(0x22n);
  // The supervisor can clear its software interrupt, but not the timer's bit.
  written(0x144, 0n);
  expect(read(0x344)).toBe(0x220n);
});

test("a locked PMP entry stays, and so does the address below a locked range", () => {
  written(0x3b1, 0x1000n);
  written(0x3b0, 0x800n);
  written(0x3a0, 0x8f00n);
  expect(written(0x3a0, 0n)).toBe(0x8f00n);
  expect(written(0x3b1, 0n)).toBe(0x1000n);
  expect(written(0x3b0, 0n)).toBe(0x800n);
});

test("a PMP setting with write and without read is reserved", () => {
  expect(written(0x3a0, 0x1an) & 0xffn).toBe(0x18n);
});

test("each hart has its number, and its own registers", () => {
  expect([read(0xf14, 0), read(0xf14, 1)]).toEqual([0n, 1n]);
  written(0x340, 5n);
  expect([read(0x340, 0), read(0x340, 1)]).toEqual([5n, 0n]);
});
