// The serial port, the ACLINT and the test finisher, register by register.

import { describe, expect, test } from "vitest";
import { Devices, FINISHER, MSWI, MTIMER, PLIC, pendingBit, SSWI, UART } from "./devices.ts";

const reg = { data: 0, ier: 1, iir: 2, fcr: 2, lcr: 3, mcr: 4, lsr: 5, msr: 6, scr: 7 };

async function port(): Promise<{
  devices: Devices;
  get: (offset: number) => number;
  put: (offset: number, value: number) => void;
  receive: (text: string) => number;
}> {
  const devices = await Devices.start({ harts: 1 });
  return {
    devices,
    get: (offset) => Number(devices.load(UART + offset, 1)),
    put: (offset, value) => devices.store(UART + offset, value, 1),
    receive: (text) =>
      [...text].filter((letter) => devices.guest.call("uartReceive", letter.charCodeAt(0)) !== 0).length,
  };
}

describe("the serial port", () => {
  test("sends at once, and is ready for the next byte", async () => {
    const { devices, get, put } = await port();
    for (const letter of "hello\n") {
      expect(get(reg.lsr) & 0x60).toBe(0x60);
      put(reg.data, letter.charCodeAt(0));
    }
    expect(devices.text).toBe("hello\n");
  });

  test("delivers the host's bytes in order, and says whether there are more", async () => {
    const { get, receive } = await port();
    expect(get(reg.lsr) & 1).toBe(0);
    receive("ab");
    expect(get(reg.lsr) & 1).toBe(1);
    expect([get(reg.data), get(reg.data), get(reg.lsr) & 1]).toEqual([0x61, 0x62, 0]);
  });

  test("takes no more bytes than its queue can hold, and goes on after some were read", async () => {
    const { get, receive } = await port();
    expect(receive("x".repeat(5000))).toBe(4096);
    get(reg.data);
    expect(receive("yy")).toBe(1);
  });

  test("interrupts for received bytes until they are read, if enabled", async () => {
    const { devices, get, put, receive } = await port();
    devices.store(PLIC + 4 * 10, 1);
    devices.store(PLIC + 0x2080, 1 << 10);
    receive("a");
    expect(devices.pending(0, pendingBit.seip)).toBe(false);
    put(reg.ier, 1);
    expect(devices.pending(0, pendingBit.seip)).toBe(true);
    expect(get(reg.iir)).toBe(4);
    get(reg.data);
    expect(get(reg.iir)).toBe(1);
  });

  test("interrupts once for an empty transmitter: when enabled, and after each byte", async () => {
    const { get, put } = await port();
    put(reg.ier, 2);
    expect([get(reg.iir), get(reg.iir)]).toEqual([2, 1]);
    put(reg.data, 0x41);
    expect([get(reg.iir), get(reg.iir)]).toEqual([2, 1]);
  });

  test("the divisor is accessed in place of data and interrupt enable", async () => {
    const { devices, get, put } = await port();
    put(reg.lcr, 0x83);
    put(reg.data, 0x34);
    put(reg.ier, 0x12);
    expect([get(reg.data), get(reg.ier)]).toEqual([0x34, 0x12]);
    put(reg.lcr, 3);
    expect([get(reg.ier), get(reg.lcr), devices.text]).toEqual([0, 3, ""]);
  });

  test("in loopback mode a sent byte comes back, and none leaves", async () => {
    const { devices, get, put } = await port();
    put(reg.mcr, 0x1f);
    put(reg.data, 0x55);
    expect([get(reg.data), get(reg.msr), devices.text]).toEqual([0x55, 0xf0, ""]);
  });

  test("IIR shows that FIFOs are enabled, and clearing them drops the waiting bytes", async () => {
    const { get, put, receive } = await port();
    receive("abc");
    put(reg.fcr, 0x07);
    expect([get(reg.iir), get(reg.lsr) & 1]).toEqual([0xc1, 0]);
    put(reg.scr, 0xa5);
    expect(get(reg.scr)).toBe(0xa5);
  });
});

describe("the ACLINT", () => {
  test("SSWI: a store of 1 raises the supervisor's interrupt, 0 does not clear it, reads give 0", async () => {
    const devices = await Devices.start({ harts: 2, sswi: true });
    devices.store(SSWI + 4, 1);
    devices.store(SSWI + 4, 0);
    expect(devices.pending(1, pendingBit.ssip)).toBe(true);
    expect(devices.pending(0, pendingBit.ssip)).toBe(false);
    expect(devices.load32(SSWI + 4)).toBe(0);
  });

  test("without an ACLINT there is nothing at its address", async () => {
    const devices = await Devices.start({ harts: 2 });
    devices.load(SSWI);
    expect(devices.faulted).toBe(true);
    devices.store(SSWI, 1);
    expect(devices.faulted).toBe(true);
  });

  test("under the built-in firmware, access to the firmware's own registers faults", async () => {
    const devices = await Devices.start({ harts: 2 });
    for (const address of [MSWI, MTIMER, MTIMER + 0x7ff8]) {
      devices.load(address, 4);
      expect(devices.faulted).toBe(true);
    }
  });

  test("msip is one bit for each hart", async () => {
    const devices = await Devices.start({ harts: 2, clint: true });
    devices.store(MSWI + 4, 0xffff_ffff);
    expect(devices.pending(1, pendingBit.msip)).toBe(true);
    expect(devices.load32(MSWI + 4)).toBe(1);
    devices.store(MSWI + 4, 0);
    expect(devices.pending(1, pendingBit.msip)).toBe(false);
  });

  test("mtimecmp can be written as a whole and in halves, and mtime is the clock", async () => {
    const devices = await Devices.start({ harts: 2, clint: true });
    devices.store(MTIMER + 8, 0x1122_3344_5566_7788n, 8);
    devices.store(MTIMER + 8, 0xaaaa_bbbb, 4);
    expect(devices.load(MTIMER + 8, 8)).toBe(0x1122_3344_aaaa_bbbbn);
    devices.store(MTIMER + 12, 0xccdd, 4);
    expect(devices.load(MTIMER + 8, 8)).toBe(0xccdd_aaaa_bbbbn);
    expect(devices.load(MTIMER + 12, 4)).toBe(0xccddn);
    devices.guest.call("skipTo", 77n);
    expect(devices.load(MTIMER + 0x7ff8, 8)).toBe(77n);
  });
});

describe("the test finisher", () => {
  test.each([
    [0x5555, 1, 0],
    [0x0003_3333, 1, 3],
    [0x7777, 2, 0],
    [0x1234, 0, 0],
  ])("0x%s", async (word, power, code) => {
    const devices = await Devices.start();
    devices.store(FINISHER, word);
    expect([devices.guest.call("power"), devices.guest.call("powerCode")]).toEqual([power, code]);
  });

  test("only the first word has an effect", async () => {
    const devices = await Devices.start();
    devices.store(FINISHER, 0x0007_3333);
    devices.store(FINISHER, 0x5555);
    expect(devices.guest.call("powerCode")).toBe(7);
  });
});

test("an access to an address without a device faults", async () => {
  const devices = await Devices.start();
  for (const address of [0, 0x1000, 0x3000_0000, 0x1000_9000, 0x1000_1200, 0x7fff_fff8]) {
    devices.load(address, 4);
    expect(devices.faulted, address.toString(16)).toBe(true);
  }
});
