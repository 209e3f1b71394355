// Firmware that takes time for other harts, as OpenSBI does (chaos kind slow-firmware): the states of a start, a stop and a remote
// fence while they are half done; and the kernel comes up on it.

import { describe, expect, test } from "vitest";
import { parseChaos } from "../../../../machine/host/chaos.ts";
import { BOOT_TIMEOUT_MS, bootEmbedded, explain } from "../../booting.ts";
import { Devices, RAM_START } from "../devices/devices.ts";

const RFENCE = 0x52464e43;
const HSM = 0x48534d;
const call = { start: 0, stop: 1, status: 2, fence: 1 };
const status = { started: 0n, stopped: 1n, startPending: 2n, stopPending: 3n };
const [a0, a1] = [10, 11];
const seeds = Array.from({ length: 64 }, (_, index) => BigInt(index));
/** With every seed, a call is done after this many steps. */
const STEPS_MAX = 200;

const kernelEntry = BigInt(RAM_START + 0x1000);
const tree = BigInt(RAM_START + 0x8000);
const otherEntry = BigInt(RAM_START + 0x2000);

/** Two harts of slow firmware: the one that booted, and the other. */
async function booted(seed: bigint): Promise<{ devices: Devices; boot: number; other: number }> {
  const devices = await Devices.start({ harts: 2, seed });
  devices.guest.call("setMask", parseChaos("slow-firmware"));
  const boot = devices.guest.call("firmwareBoot", kernelEntry, tree, 1);
  return { devices, boot, other: 1 - boot };
}

/** Runs the firmware until nothing changes any more. */
function settle(devices: Devices): void {
  for (let step = 0; step < STEPS_MAX; step++) {
    devices.guest.call("advanceCalls");
  }
}

const statusOf = (devices: Devices, by: number, hart: number): bigint =>
  devices.sbi(by, HSM, call.status, hart)[1];

/** Starts the other hart for the second time. Its entry and opaque word may still be those of the first start. */
async function started(seed: bigint): ReturnType<typeof booted> {
  const machine = await booted(seed);
  const { devices, boot, other } = machine;
  expect(devices.sbi(boot, HSM, call.start, other, otherEntry, 7n)[0]).toBe(0n);
  settle(devices);
  return machine;
}

describe("hart_start", () => {
  test("is pending for a while, and a second one is refused meanwhile", async () => {
    const { devices, boot, other } = await booted(1n);
    devices.sbi(boot, HSM, call.start, other, otherEntry, 7n);
    expect(statusOf(devices, boot, other)).toBe(status.startPending);
    expect(devices.sbi(boot, HSM, call.start, other, otherEntry, 7n)[0]).toBe(-3n);
    settle(devices);
    expect(statusOf(devices, boot, other)).toBe(status.started);
  });

  test("may start a hart before its entry and opaque word are stored, so all four pairs of old and new values come", async () => {
    const pairs = new Set<string>();
    for (const seed of seeds) {
      const { devices, other } = await started(seed);
      const entry = BigInt.asUintN(64, devices.guest.call64("hartPc", other));
      const opaque = devices.guest.call64("readRegister", other, a1);
      expect(devices.guest.call64("readRegister", other, a0)).toBe(BigInt(other));
      pairs.add(`${entry === otherEntry ? "new" : "old"} ${opaque === 7n ? "new" : "old"}`);
      expect([kernelEntry, otherEntry]).toContain(entry);
      expect([tree, 7n]).toContain(opaque);
    }
    expect([...pairs].sort()).toEqual(["new new", "new old", "old new", "old old"]);
  });
});

test("after hart_stop, the hart counts as started, then as stopping, then as stopped", async () => {
  const seen: bigint[] = [];
  const { devices, boot, other } = await started(3n);
  devices.sbi(other, HSM, call.stop);
  for (let step = 0; step < STEPS_MAX; step++) {
    const now = statusOf(devices, boot, other);
    if (seen.at(-1) !== now) {
      seen.push(now);
    }
    devices.guest.call("advanceCalls");
  }
  expect(seen).toEqual([status.started, status.stopPending, status.stopped]);
});

describe("a remote fence", () => {
  const waits = (devices: Devices, hart: number): boolean => devices.guest.call("hartState", hart) === 6;

  test("waits for the started harts, and for no others", async () => {
    const { devices, boot, other } = await started(4n);
    devices.sbi(boot, RFENCE, call.fence, 3, 0, 0, 4096);
    expect(waits(devices, boot)).toBe(true);
    settle(devices);
    expect(waits(devices, boot)).toBe(false);
    expect(devices.guest.call64("readRegister", boot, a0)).toBe(0n);

    devices.sbi(other, HSM, call.stop);
    settle(devices);
    expect(devices.sbi(boot, RFENCE, call.fence, 3, 0, 0, 4096)[0]).toBe(0n);
    expect(waits(devices, boot)).toBe(false);
  });

  test("waits for ever for a hart that counts as started and is about to stop", async () => {
    const { devices, boot, other } = await started(5n);
    devices.sbi(other, HSM, call.stop);
    devices.sbi(boot, RFENCE, call.fence, 3, 0, 0, 4096);
    settle(devices);
    expect(statusOf(devices, other, other)).toBe(status.stopped);
    expect(waits(devices, boot)).toBe(true);
    expect(devices.guest.call("lostAnswers", boot)).toBe(1 << other);
    expect(devices.guest.call("advanceCalls")).toBe(0);
  });

  test("ends for two harts that ask each other", async () => {
    const { devices, boot, other } = await started(6n);
    devices.sbi(boot, RFENCE, call.fence, 3, 0, 0, 4096);
    devices.sbi(other, RFENCE, call.fence, 3, 0, 0, 4096);
    settle(devices);
    expect([waits(devices, boot), waits(devices, other)]).toEqual([false, false]);
  });
});

test.each(["slow-firmware", "slow-firmware,switch"])(
  "the kernel boots once, with every hart, under %s",
  async (kinds) => {
    for (let seed = 1n; seed <= 8n; seed++) {
      const report = await bootEmbedded({ seed, chaos: parseChaos(kinds) });
      expect(report.ok, explain(report)).toBe(true);
      expect(report.lines.filter((line) => line.startsWith("neuron: hart0 boot"))).toHaveLength(1);
    }
  },
  BOOT_TIMEOUT_MS,
);
