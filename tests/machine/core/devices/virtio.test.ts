// The virtio block device follows the specification, in both versions; and each fault of a plan, as a driver sees it.

import { beforeEach, describe, expect, test } from "vitest";
import { faultKinds, parseFaults } from "../../../../machine/host/faults.ts";
import { defined } from "../../../harness/defined.ts";
import { Devices, PLIC, pendingBit, VIRTIO } from "./devices.ts";
import { DATA_START, Driver, flag, register } from "./driver.ts";

const disk = Uint8Array.from({ length: 64 * 512 }, (_, index) => (index * 31 + (index >> 9)) & 0xff);
const sectorsAt = (sector: number, count = 1): Uint8Array =>
  disk.subarray(sector * 512, (sector + count) * 512);

async function driver(version: 1 | 2, faults = "", seed = 1n): Promise<Driver> {
  const devices = await Devices.start({ harts: 1, disk, version, seed });
  for (const { kind, first, last } of parseFaults(faults)) {
    devices.guest.call("addFault", kind, first, last);
  }
  devices.store(PLIC + 4, 1);
  devices.store(PLIC + 0x2080, 2);
  return new Driver(devices);
}

/** Reads sector 3, from the start to the answer. */
function readOnce(d: Driver): void {
  d.start();
  d.read(3);
  d.kick();
  d.devices.settle();
}

describe.each([1, 2] as const)("version %i", (version) => {
  let d: Driver;
  beforeEach(async () => {
    d = await driver(version);
  });

  test("describes itself: a read-only disk of 64 sectors", () => {
    expect([d.get(register.magic), d.get(register.version), d.get(register.deviceId)]).toEqual([
      0x74726976,
      version,
      2,
    ]);
    expect(d.get(register.config)).toBe(64);
    expect(d.get(register.config + 20)).toBe(512);
    expect(d.get(register.deviceFeatures) & 0x20).toBe(0x20);
    expect(Number(d.devices.load(VIRTIO + 0x100, 8))).toBe(64);
    expect(Number(d.devices.load(VIRTIO + 0x100, 1))).toBe(64);
  });

  test("reads, answers and interrupts, and its line falls when the interrupt is acknowledged", () => {
    readOnce(d);
    expect(d.answers()).toEqual([{ id: 0, length: 513 }]);
    expect(d.statusOf(0)).toBe(0);
    expect(d.data()).toEqual(sectorsAt(3));
    expect(d.get(register.interruptStatus)).toBe(1);
    expect(d.devices.pending(0, pendingBit.seip)).toBe(true);
    d.put(register.interruptAck, 1);
    d.devices.load(PLIC + 0x20_1004);
    d.devices.store(PLIC + 0x20_1004, 1);
    expect(d.devices.pending(0, pendingBit.seip)).toBe(false);
  });

  test("answers some time after the notification, not at once", () => {
    d.start();
    d.read(0);
    d.kick();
    expect(d.answers()).toEqual([]);
    d.devices.settle();
    expect(d.answers()).toHaveLength(1);
  });

  test("refuses a write, a read beyond the end, and an unknown request", () => {
    d.start();
    const ask = (type: number, sector: number | bigint): number => {
      const header = d.header(0, type, sector);
      d.describe(0, { address: header, length: 16, flags: flag.next, next: 1 });
      const device = type === 1 ? 0 : flag.write;
      d.describe(1, { address: DATA_START, length: 1024, flags: flag.next | device, next: 2 });
      d.describe(2, { address: header + 16, length: 1, flags: flag.write });
      d.publish(0);
      d.kick();
      d.devices.settle();
      return d.statusOf(0);
    };
    expect([ask(1, 0), ask(0, 63), ask(0, 2n ** 55n), ask(0, 2n ** 64n - 1n), ask(99, 0)]).toEqual([
      1, 1, 1, 1, 2,
    ]);
    expect([ask(0, 62), ask(4, 0), ask(8, 0)]).toEqual([0, 0, 0]);
  });

  test("a reset drops the requests under way", () => {
    d.start();
    d.read(0);
    d.kick();
    d.put(register.status, 0);
    d.devices.settle();
    expect(d.usedIndex).toBe(0);
    expect(d.get(register.interruptStatus)).toBe(0);
    readOnce(d);
    expect(d.answers()).toEqual([{ id: 0, length: 513 }]);
  });

  test.each([
    ["a loop", { flags: flag.next, next: 0 }],
    ["a link out of the table", { flags: flag.next, next: 8 }],
    ["no status", { flags: 0 }],
  ])("with %s in a chain, the device is dead until a reset, and version 2 says so", (_name, change) => {
    d.start();
    d.describe(0, { address: d.header(0, 0, 0), length: 16, ...change });
    d.publish(0);
    d.kick();
    d.devices.settle();
    expect(d.answers()).toEqual([]);
    expect(d.get(register.status) & 0x40).toBe(version === 2 ? 0x40 : 0);
    expect(d.get(register.interruptStatus)).toBe(version === 2 ? 2 : 0);
    d.read(0, 1, 1);
    d.kick();
    d.devices.settle();
    expect(d.answers()).toEqual([]);
    readOnce(d);
    expect(d.answers()).toHaveLength(1);
  });
});

test("an empty slot answers with device number 0, no matter where the disk is", async () => {
  const devices = await Devices.start({ disk, slot: 7 });
  const ids = Array.from({ length: 8 }, (_, slot) => devices.load32(VIRTIO + slot * 0x1000 + 8));
  expect(ids).toEqual([0, 0, 0, 0, 0, 0, 0, 2]);
  expect(devices.load32(VIRTIO)).toBe(0x74726976);
});

test("two requests are answered in either order, depending on the seed", async () => {
  const orders = new Set<string>();
  for (let seed = 1n; seed <= 20n; seed++) {
    const d = await driver(2, "", seed);
    d.start();
    d.read(0, 1, 0);
    d.read(1, 1, 1);
    d.kick();
    d.devices.settle();
    orders.add(
      d
        .answers()
        .map(({ id }) => id)
        .join(),
    );
    expect([d.data(1, 0), d.data(1, 1)]).toEqual([sectorsAt(0), sectorsAt(1)]);
  }
  expect([...orders].sort()).toEqual(["0,3", "3,0"]);
});

test("an indirect table is walked if the feature was negotiated", async () => {
  for (const features of [1 << 28, 0]) {
    const d = await driver(2);
    d.start(features);
    const table = DATA_START + 0x4000;
    const header = d.header(0, 0, 5);
    d.describe(0, { address: header, length: 16, flags: flag.next, next: 2 }, table);
    d.describe(2, { address: DATA_START, length: 512, flags: flag.next | flag.write, next: 1 }, table);
    d.describe(1, { address: header + 16, length: 1, flags: flag.write }, table);
    d.describe(4, { address: table, length: 48, flags: flag.indirect });
    d.publish(4);
    d.kick();
    d.devices.settle();
    expect(d.answers()).toEqual(features === 0 ? [] : [{ id: 4, length: 513 }]);
    if (features !== 0) {
      expect(d.data()).toEqual(sectorsAt(5));
    }
  }
});

test("with event indices, it interrupts at the entry that the driver names", async () => {
  const d = await driver(2);
  d.start(1 << 29);
  const eventOffset = 0x1000 + 16 * 8 + 4 + 2 * 8;
  d.devices.view().setUint16(eventOffset, 1, true);
  d.read(0, 1, 0);
  d.kick();
  d.devices.settle();
  expect(d.get(register.interruptStatus)).toBe(0);
  d.read(1, 1, 1);
  d.kick();
  d.devices.settle();
  expect(d.get(register.interruptStatus)).toBe(1);
});

test("a driver that suppresses interrupts gets none", async () => {
  const d = await driver(2);
  d.start();
  d.devices.view().setUint16(0x1000 + 16 * 8, 1, true);
  d.read(0);
  d.kick();
  d.devices.settle();
  expect([d.answers().length, d.get(register.interruptStatus)]).toEqual([1, 0]);
});

test("features that were not offered are not accepted", async () => {
  const d = await driver(2);
  expect(d.start(1 << 28)).toBe(true);
  expect(d.start(1 << 13)).toBe(false);
});

test("registers of the other version, and accesses that are not 32 bits wide, change nothing", async () => {
  const modern = await driver(2);
  modern.put(register.guestPageSize, 4096);
  modern.put(register.queuePfn, 0x80001);
  expect([modern.get(register.queuePfn), modern.get(register.queueReady)]).toEqual([0, 0]);
  const legacy = await driver(1);
  legacy.put(register.queueReady, 1);
  expect(legacy.get(register.queueReady)).toBe(0);
  legacy.devices.store(VIRTIO + register.status, 1, 1);
  expect(legacy.get(register.status)).toBe(0);
  expect(legacy.devices.load(VIRTIO, 1)).toBe(0n);
});

describe("a fault plan", () => {
  /** Makes three reads, with the fault at the second. Returns the result of each. */
  async function threeReads(fault: string): Promise<{ d: Driver; seen: ReturnType<Driver["answers"]>[] }> {
    const d = await driver(2, `${fault}@2`);
    d.start();
    const seen = [0, 1, 2].map((sector) => {
      d.read(sector);
      d.kick();
      d.devices.settle();
      return d.answers();
    });
    return { d, seen };
  }
  const good = [{ id: 0, length: 513 }];

  test.each([
    ["used-id", [{ id: 8, length: 513 }]],
    ["used-twice", [...good, ...good]],
    ["length-large", [{ id: 0, length: 513 + 0x1000_0000 }]],
    ["length-zero", [{ id: 0, length: 0 }]],
    ["never", []],
  ])("%s strikes at its event and at no other", async (fault, expected) => {
    const { d, seen } = await threeReads(fault);
    expect(seen).toEqual([good, expected, good]);
    const kind = defined(faultKinds.find(([name]) => name === fault)?.[1]);
    expect(d.devices.guest.call64("strikeCount", kind)).toBe(1n);
  });

  test.each([
    ["status-unwritten", 0xee],
    ["status-unknown", 0x77],
    ["io-error", 1],
  ])("%s", async (fault, status) => {
    const d = await driver(2, `${fault}@1`);
    readOnce(d);
    expect([d.answers().length, d.statusOf(0)]).toEqual([1, status]);
  });

  test("used-index: the device reports more answers than the ring can hold", async () => {
    const d = await driver(2, "used-index");
    readOnce(d);
    expect(d.usedIndex).toBe(0x4001);
  });

  test("data: one bit is wrong, and the status is OK", async () => {
    const d = await driver(2, "data");
    readOnce(d);
    const wrong = d.data().filter((byte, index) => byte !== sectorsAt(3)[index]);
    expect([d.statusOf(0), wrong.length]).toEqual([0, 1]);
  });

  test("late: the answer comes after six seconds", async () => {
    const d = await driver(2, "late");
    readOnce(d);
    expect(d.answers()).toEqual([]);
    d.devices.settle(60_010_000n);
    expect(d.answers()).toEqual(good);
  });

  test("no-interrupt: the answer comes without an interrupt", async () => {
    const d = await driver(2, "no-interrupt@1");
    readOnce(d);
    expect([d.answers().length, d.get(register.interruptStatus)]).toEqual([1, 0]);
  });

  test("storm: the line stays high at every acknowledgement, and falls in the end", async () => {
    const d = await driver(2, "storm@1");
    readOnce(d);
    const claim = PLIC + 0x20_1004;
    for (let round = 0; round < 3; round++) {
      expect(d.devices.pending(0, pendingBit.seip)).toBe(true);
      d.put(register.interruptAck, 1);
      d.devices.store(claim, d.devices.load32(claim));
    }
    d.devices.settle(1_010_000n);
    d.devices.store(claim, d.devices.load32(claim));
    expect(d.devices.pending(0, pendingBit.seip)).toBe(false);
  });

  test("config-changing: the generation and the capacity change with each read", async () => {
    const d = await driver(2, "config-changing@2-3");
    const look = (): number[] => [d.get(register.config), d.get(register.generation)];
    expect([look(), look(), look(), look()]).toEqual([
      [64, 0],
      [65, 1],
      [66, 2],
      [66, 2],
    ]);
  });

  test("capacity-large and capacity-zero report a wrong size", async () => {
    const large = await driver(2, "capacity-large");
    expect([large.get(register.config), large.get(register.config + 4)]).toEqual([64, 1]);
    const zero = await driver(2, "capacity-zero");
    expect(zero.get(register.config)).toBe(0);
  });

  test("reset-stuck: the device keeps its status, and answers its old requests", async () => {
    const d = await driver(2, "reset-stuck@2");
    d.start();
    d.read(0);
    d.kick();
    d.put(register.status, 0);
    expect(d.get(register.status)).toBe(15);
    d.devices.settle();
    expect(d.answers()).toEqual(good);
    d.put(register.status, 0);
    expect(d.get(register.status)).toBe(0);
  });

  test("needs-reset: version 2 reports it, version 1 only stops answering", async () => {
    for (const version of [1, 2] as const) {
      const d = await driver(version, "needs-reset@1");
      readOnce(d);
      expect(d.answers()).toEqual([]);
      expect(d.get(register.status) & 0x40).toBe(version === 2 ? 0x40 : 0);
    }
  });

  test("is read from words, ranges and comments", () => {
    const max = 2n ** 63n;
    expect(parseFaults("used-id@3, never@2-4\nlate@5- # slow\ndata")).toEqual([
      { kind: 1, first: 3n, last: 3n },
      { kind: 10, first: 2n, last: 4n },
      { kind: 9, first: 5n, last: max },
      { kind: 8, first: 1n, last: max },
    ]);
    for (const bad of ["used", "used-id@0", "never@3-2", "late@x"]) {
      expect(() => parseFaults(bad)).toThrow();
    }
  });
});
