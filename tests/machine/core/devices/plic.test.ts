// The interrupt controller follows its specification: true levels, claims, completions, thresholds.

import { beforeEach, describe, expect, test } from "vitest";
import { Devices, PLIC, pendingBit } from "./devices.ts";

let devices: Devices;

const priority = (source: number): number => PLIC + 4 * source;
const enable = (context: number, word = 0): number => PLIC + 0x2000 + 0x80 * context + 4 * word;
const threshold = (context: number): number => PLIC + 0x20_0000 + 0x1000 * context;
const claim = (context: number): number => threshold(context) + 4;
const line = (source: number, on: boolean): void => {
  devices.guest.call("plicLine", source, on ? 1 : 0);
};

beforeEach(async () => {
  devices = await Devices.start({ harts: 2 });
  devices.store(priority(10), 1);
  devices.store(enable(1), 1 << 10);
});

test("a rising line interrupts the context in which it is enabled, and no other", () => {
  line(10, true);
  expect(devices.pending(0, pendingBit.seip)).toBe(true);
  expect(devices.pending(0, pendingBit.meip)).toBe(false);
  expect(devices.pending(1, pendingBit.seip)).toBe(false);
});

test("the machine mode of a hart is the context before its supervisor mode's", () => {
  devices.store(enable(2), 1 << 10);
  line(10, true);
  expect(devices.pending(1, pendingBit.meip)).toBe(true);
  expect(devices.pending(1, pendingBit.seip)).toBe(false);
});

test("a claim gives the source and clears the interrupt, and a second claim gives 0", () => {
  line(10, true);
  expect(devices.load32(claim(1))).toBe(10);
  expect(devices.pending(0, pendingBit.seip)).toBe(false);
  expect(devices.load32(claim(1))).toBe(0);
});

test("a line that is still high when its source is completed interrupts again at once", () => {
  line(10, true);
  devices.load(claim(1));
  devices.store(claim(1), 10);
  expect(devices.pending(0, pendingBit.seip)).toBe(true);
  devices.load(claim(1));
  line(10, false);
  devices.store(claim(1), 10);
  expect(devices.pending(0, pendingBit.seip)).toBe(false);
});

test("a request stays when its line falls before the claim", () => {
  line(10, true);
  line(10, false);
  expect(devices.pending(0, pendingBit.seip)).toBe(true);
  expect(devices.load32(claim(1))).toBe(10);
});

test("a pulse while the source is claimed is lost: the gateway waits for the completion", () => {
  line(10, true);
  devices.load(claim(1));
  line(10, false);
  line(10, true);
  line(10, false);
  devices.store(claim(1), 10);
  expect(devices.pending(0, pendingBit.seip)).toBe(false);
});

test("enabling a source that is already pending interrupts", () => {
  devices.store(enable(1), 0);
  line(10, true);
  expect(devices.pending(0, pendingBit.seip)).toBe(false);
  devices.store(enable(1), 1 << 10);
  expect(devices.pending(0, pendingBit.seip)).toBe(true);
  devices.store(enable(1), 0);
  expect(devices.pending(0, pendingBit.seip)).toBe(false);
});

test("a completion counts only from a context in which the source is enabled", () => {
  line(10, true);
  devices.load(claim(1));
  devices.store(claim(3), 10);
  expect(devices.pending(0, pendingBit.seip)).toBe(false);
  devices.store(claim(1), 10);
  expect(devices.pending(0, pendingBit.seip)).toBe(true);
});

describe("priorities", () => {
  test("0 never interrupts", () => {
    devices.store(priority(10), 0);
    line(10, true);
    expect(devices.pending(0, pendingBit.seip)).toBe(false);
  });

  test("at or below the threshold there is no interrupt, but a claim finds the source", () => {
    devices.store(threshold(1), 1);
    line(10, true);
    expect(devices.pending(0, pendingBit.seip)).toBe(false);
    expect(devices.load32(claim(1))).toBe(10);
  });

  test("the highest comes first, and among equals the lowest number", () => {
    devices.store(enable(1), (1 << 3) | (1 << 7) | (1 << 10));
    devices.store(priority(3), 2);
    devices.store(priority(7), 2);
    for (const source of [10, 7, 3]) {
      line(source, true);
    }
    expect([1, 2, 3, 4].map(() => devices.load32(claim(1)))).toEqual([3, 7, 10, 0]);
  });

  test("have three bits, and so have thresholds", () => {
    devices.store(priority(10), 0xffff_ffff);
    devices.store(threshold(1), 0xffff_ffff);
    expect(devices.load32(priority(10))).toBe(7);
    expect(devices.load32(threshold(1))).toBe(7);
  });
});

test("registers of sources and contexts that do not exist read 0", () => {
  devices.store(priority(0), 1);
  devices.store(priority(97), 1);
  devices.store(enable(1), 0xffff_ffff);
  devices.store(enable(1, 3), 0xffff_ffff);
  devices.store(enable(4), 0xffff_ffff);
  expect(devices.load32(priority(0))).toBe(0);
  expect(devices.load32(priority(97))).toBe(0);
  expect(devices.load32(enable(1))).toBe(0xffff_fffe);
  expect(devices.load32(enable(1, 3))).toBe(1);
  expect(devices.load32(enable(4))).toBe(0);
});

test("only 32-bit accesses are answered", () => {
  devices.load(priority(10), 8);
  expect(devices.faulted).toBe(true);
  devices.store(priority(10), 1, 1);
  expect(devices.faulted).toBe(true);
  devices.load(priority(10));
  expect(devices.faulted).toBe(false);
});
