// The built-in firmware: each SBI call, its refusals, and the state in which a hart starts.

import { describe, expect, test } from "vitest";
import { defined } from "../../../harness/defined.ts";
import { Devices, pendingBit, RAM_START } from "../devices/devices.ts";

const BASE = 0x10;
const TIME = 0x54494d45;
const IPI = 0x735049;
const RFENCE = 0x52464e43;
const HSM = 0x48534d;
const SRST = 0x53525354;
const DBCN = 0x4442434e;
const refused = { notSupported: -2n, invalidParam: -3n, invalidAddress: -5n, alreadyAvailable: -6n };

const ENTRY = RAM_START + 0x2000;

/** Four harts, booted. */
async function booted(seed = 1n): Promise<{ devices: Devices; boot: number; others: number[] }> {
  const devices = await Devices.start({ harts: 4, seed });
  const boot = devices.guest.call("firmwareBoot", BigInt(ENTRY), 0x8003_0000n, 1);
  return { devices, boot, others: [0, 1, 2, 3].filter((hart) => hart !== boot) };
}

const register = (devices: Devices, hart: number, number: number): bigint =>
  devices.guest.call64("readRegister", hart, number);

describe("power-on", () => {
  test("one hart runs, with its number and the device tree; the others are stopped", async () => {
    const { devices, boot, others } = await booted();
    expect(devices.guest.call("hartState", boot)).toBe(0);
    expect([register(devices, boot, 10), register(devices, boot, 11)]).toEqual([BigInt(boot), 0x8003_0000n]);
    expect(devices.guest.call64("hartPc", boot)).toBe(BigInt(ENTRY));
    expect(others.map((hart) => devices.guest.call("hartState", hart))).toEqual([2, 2, 2]);
    expect(devices.guest.call64("delegation", boot)).toBe(0x222n);
  });

  test("the boot hart is drawn from the seed: every hart can be it, and the same seed gives the same hart", async () => {
    const seen = new Set<number>();
    for (let seed = 0n; seed < 16n; seed++) {
      seen.add((await booted(seed)).boot);
    }
    expect([...seen].sort()).toEqual([0, 1, 2, 3]);
    expect((await booted(7n)).boot).toBe((await booted(7n)).boot);
  });

  test("stimecmp is enabled only if the machine has Sstc", async () => {
    const devices = await Devices.start({ harts: 1 });
    for (const sstc of [0, 1]) {
      const boot = devices.guest.call("firmwareBoot", BigInt(ENTRY), 0n, sstc);
      expect(devices.guest.call("sstc", boot)).toBe(sstc);
    }
  });
});

describe("base", () => {
  test("gives version 2.0, and the extensions that exist", async () => {
    const { devices, boot } = await booted();
    expect(devices.sbi(boot, BASE, 0)).toEqual([0n, 0x200_0000n]);
    const probe = (extension: number): bigint => devices.sbi(boot, BASE, 3, extension)[1];
    expect([BASE, TIME, IPI, RFENCE, HSM, SRST, DBCN, 1].map(probe)).toEqual(Array(8).fill(1n));
    expect([0x504d55, 0x53555350, 9].map(probe)).toEqual([0n, 0n, 0n]);
  });

  test("refuses extensions and functions that do not exist", async () => {
    const { devices, boot } = await booted();
    const calls = [
      [0x504d55, 0],
      [BASE, 7],
      [TIME, 1],
      [IPI, 1],
      [RFENCE, 3],
      [HSM, 4],
      [SRST, 1],
      [DBCN, 3],
      [4, 0],
    ] as const;
    for (const [extension, call] of calls) {
      expect(devices.sbi(boot, extension, call)[0]).toBe(refused.notSupported);
    }
  });
});

test("set_timer sets this hart's deadline, with the new call and with the legacy one", async () => {
  const { devices, boot } = await booted();
  expect(devices.sbi(boot, TIME, 0, 12345)[0]).toBe(0n);
  expect(devices.guest.call64("supervisorDeadline", boot)).toBe(12345n);
  devices.sbi(boot, 0, 0, 777);
  expect(devices.guest.call64("supervisorDeadline", boot)).toBe(777n);
});

describe("IPIs", () => {
  test("reach the running harts of the mask; stopped ones drop them", async () => {
    const { devices, boot, others } = await booted();
    const [started, stopped] = [defined(others[0]), defined(others[1])];
    devices.sbi(boot, HSM, 0, started, ENTRY, 0);
    expect(devices.sbi(boot, IPI, 0, 0xf, 0)[0]).toBe(0n);
    expect(devices.pending(started, pendingBit.ssip)).toBe(true);
    expect(devices.pending(boot, pendingBit.ssip)).toBe(true);
    expect(devices.pending(stopped, pendingBit.ssip)).toBe(false);
  });

  test("base -1 means all harts, and a mask counts from its base", async () => {
    const { devices, boot } = await booted();
    devices.sbi(boot, IPI, 0, 0, -1n);
    expect(devices.pending(boot, pendingBit.ssip)).toBe(true);
    devices.sbi(boot, 3, 0);
    expect(devices.pending(boot, pendingBit.ssip)).toBe(false);
    devices.sbi(boot, IPI, 0, 1, boot);
    expect(devices.pending(boot, pendingBit.ssip)).toBe(true);
  });

  test.each([
    [0x10, 0],
    [0x3, 3],
    [1, 64],
    [1n << 63n, 1],
  ])("with mask %s from %s are refused, since a hart of it does not exist", async (mask, from) => {
    const { devices, boot } = await booted();
    expect(devices.sbi(boot, IPI, 0, mask, from)[0]).toBe(refused.invalidParam);
    expect(devices.sbi(boot, RFENCE, 1, mask, from, 0, 0)[0]).toBe(refused.invalidParam);
    expect(devices.pending(boot, pendingBit.ssip)).toBe(false);
  });
});

describe("harts", () => {
  test("start at the given address, once", async () => {
    const { devices, boot, others } = await booted();
    const target = defined(others[0]);
    expect(devices.sbi(boot, HSM, 2, target)).toEqual([0n, 1n]);
    expect(devices.sbi(boot, HSM, 0, target, ENTRY + 4, 99)[0]).toBe(0n);
    expect(devices.sbi(boot, HSM, 2, target)).toEqual([0n, 0n]);
    expect(devices.guest.call64("hartPc", target)).toBe(BigInt(ENTRY + 4));
    expect([register(devices, target, 10), register(devices, target, 11)]).toEqual([BigInt(target), 99n]);
    expect(devices.sbi(boot, HSM, 0, target, ENTRY, 0)[0]).toBe(refused.alreadyAvailable);
    expect(devices.sbi(boot, HSM, 0, boot, ENTRY, 0)[0]).toBe(refused.alreadyAvailable);
  });

  test("stop, and can be started again", async () => {
    const { devices, boot, others } = await booted();
    const target = defined(others[0]);
    devices.sbi(boot, HSM, 0, target, ENTRY, 0);
    devices.sbi(target, HSM, 1);
    expect(devices.sbi(boot, HSM, 2, target)).toEqual([0n, 1n]);
    expect(devices.sbi(boot, HSM, 0, target, ENTRY, 0)[0]).toBe(0n);
  });

  test("that do not exist cannot be started, and no hart can start outside RAM", async () => {
    const { devices, boot, others } = await booted();
    const target = defined(others[0]);
    expect(devices.sbi(boot, HSM, 0, 4, ENTRY, 0)[0]).toBe(refused.invalidParam);
    expect(devices.sbi(boot, HSM, 0, (1n << 32n) + 1n, ENTRY, 0)[0]).toBe(refused.invalidParam);
    expect(devices.sbi(boot, HSM, 2, 4)[0]).toBe(refused.invalidParam);
    for (const bad of [0, 0x1000_0000, ENTRY + 1, 1n << 40n]) {
      expect(devices.sbi(boot, HSM, 0, target, bad, 0)[0]).toBe(refused.invalidAddress);
    }
  });
});

describe("system reset", () => {
  test.each([
    [0, 0, 1, 0],
    [0, 1, 1, 1],
    [1, 0, 2, 0],
    [2, 1, 2, 1],
  ])("type %s, reason %s", async (type, reason, power, code) => {
    const { devices, boot } = await booted();
    devices.sbi(boot, SRST, 0, type, reason);
    expect([devices.guest.call("power"), devices.guest.call("powerCode")]).toEqual([power, code]);
  });

  test("of an unknown type or for an unknown reason changes nothing", async () => {
    const { devices, boot } = await booted();
    expect(devices.sbi(boot, SRST, 0, 3, 0)[0]).toBe(refused.invalidParam);
    expect(devices.sbi(boot, SRST, 0, 0, 2)[0]).toBe(refused.invalidParam);
    expect(devices.guest.call("power")).toBe(0);
  });
});

describe("the console", () => {
  test("putchar ends lines as OpenSBI does", async () => {
    const { devices, boot } = await booted();
    for (const letter of "hi\n") {
      devices.sbi(boot, 1, 0, letter.charCodeAt(0));
    }
    expect(devices.text).toBe("hi\r\n");
    expect(devices.sbi(boot, 2, 0)[0]).toBe(-1n);
  });

  test("DBCN writes bytes from RAM, and refuses other addresses", async () => {
    const { devices, boot } = await booted();
    devices.writeRam(RAM_START + 0x100, new TextEncoder().encode("from memory"));
    expect(devices.sbi(boot, DBCN, 0, 11, RAM_START + 0x100, 0)).toEqual([0n, 11n]);
    devices.sbi(boot, DBCN, 2, 0x21);
    expect(devices.text).toBe("from memory!");
    expect(devices.sbi(boot, DBCN, 0, 1, 0x1000_0000, 0)[0]).toBe(refused.invalidParam);
    expect(devices.sbi(boot, DBCN, 0, 1, RAM_START, 1)[0]).toBe(refused.invalidParam);
    expect(devices.sbi(boot, DBCN, 1, 8, RAM_START, 0)).toEqual([0n, 0n]);
  });
});
