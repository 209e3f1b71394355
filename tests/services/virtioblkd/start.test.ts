// What virtioblkd does when it starts: with a disk, without one, and with one that it must not use.

import { describe, expect, test } from "vitest";
import { Audit, devicePinsMax, ExitCode, Syscall } from "../../harness/abi.ts";
import { defined } from "../../harness/defined.ts";
import { FakeVmo } from "../../harness/fake-kernel/objects.ts";
import type { FakeDeviceOptions } from "../../harness/fake-options.ts";
import { disk, empty, Running } from "./running.ts";

describe("starting", () => {
  test("finds the disk, reads its first block by interrupt, and reports both in order", async () => {
    const { kernel, signals, completedCount, exitCode } = await Running.start();
    expect(exitCode).toBeUndefined();
    expect(kernel.lines).toEqual(["virtioblkd: mmio=0x10001000 irq=1 sectors=4096", "virtioblkd: ready"]);
    expect(signals).toEqual([1n]);
    expect(completedCount).toBe(1);
  });

  test("finds a legacy disk in the last slot, and gives the other slots back", async () => {
    const legacy: FakeDeviceOptions = { version: 1, sectors: 100n };
    const { kernel } = await Running.start({ slots: [...Array.from({ length: 7 }, () => empty), legacy] });
    expect(kernel.lines[0]).toBe("virtioblkd: mmio=0x10008000 irq=8 sectors=100");
    const kinds = [...kernel.slots.values()].map(({ object }) => object.kind);
    expect(kinds.filter((kind) => kind === "device")).toHaveLength(1);
    expect(kinds.filter((kind) => kind === "interrupt")).toHaveLength(1);
  });

  test("without a disk it prints nothing, tells its starter, and ends", async () => {
    const { kernel, signals, exitCode } = await Running.start({ slots: [empty, { ...empty, deviceId: 1 }] });
    expect(exitCode).toBe(0);
    expect(kernel.lines).toEqual([]);
    expect(signals).toEqual([2n]);
  });

  test("a writable disk is refused with its fault, and the next slot is tried", async () => {
    const { kernel } = await Running.start({
      slots: [
        { ...disk, readOnly: false },
        { ...disk, sectors: 8n },
      ],
    });
    expect(kernel.lines).toEqual([
      "virtioblkd: refused mmio=0x10001000 fault=64(NotReadOnly) (it can be written: readonly=on is missing)",
      "virtioblkd: mmio=0x10002000 irq=2 sectors=8",
      "virtioblkd: ready",
    ]);
  });

  test("a writable disk is used if the topology vouches for its file, and that is reported", async () => {
    const { kernel, exitCode } = await Running.start({
      slots: [{ ...disk, readOnly: false }],
      isVouchedFor: true,
    });
    expect(exitCode).toBeUndefined();
    expect(kernel.lines).toEqual([
      "virtioblkd: mmio=0x10001000 irq=1 sectors=4096",
      "virtioblkd: the device takes writes; its file is read-only by the topology's word alone",
      "virtioblkd: ready",
    ]);
  });

  test.each([
    [
      "without an interrupt",
      { withoutInterrupt: [0] },
      "fault=13(NoInterrupt) (its interrupt is not available)",
    ],
    [
      "that can be written",
      { slots: [{ ...disk, readOnly: false }, empty] },
      "fault=64(NotReadOnly) (it can be written: readonly=on is missing)",
    ],
    [
      "of a version that is not known",
      { slots: [{ ...disk, versionRegister: 3 }, empty] },
      "fault=2(UnknownVersion) (its registers are of an unknown version)",
    ],
    [
      "that cannot be mapped",
      { withoutRegisters: [0] },
      "fault=15(NotMapped) (its registers cannot be mapped)",
    ],
  ])(
    "a disk %s is refused, which counts as a failure and not as a missing disk",
    async (_how, options, fault) => {
      const { kernel, signals, exitCode } = await Running.start(options);
      expect(exitCode).toBe(ExitCode.DiskRefused);
      expect(kernel.lines).toEqual([`virtioblkd: refused mmio=0x10001000 ${fault}`]);
      expect(kernel.audit).toEqual([[Audit.DeviceFault, BigInt(defined(/\d+/.exec(fault)?.[0])), 0n]]);
      expect(signals).toEqual([]);
    },
  );

  test.each([
    ["memory", Syscall.CreateVmo, "fault=10(QueueMemory)"],
    ["a place for its memory", Syscall.Map, "fault=10(QueueMemory)"],
    ["memory that the device may use", Syscall.Pin, "fault=10(QueueMemory)"],
    ["a notification", Syscall.Create, "fault=13(NoInterrupt)"],
    ["the interrupt", Syscall.BindInterrupt, "fault=13(NoInterrupt)"],
  ])(
    "a disk for which the kernel refuses %s is refused, and no more is asked for",
    async (_, refused, fault) => {
      const { kernel, exitCode, pinned } = await Running.start({ slots: [disk], refused });
      expect(exitCode).toBe(ExitCode.DiskRefused);
      expect(kernel.lines).toEqual([expect.stringContaining(fault)]);
      const numbers = kernel.made.map(({ number }) => number);
      const behind = new Set(numbers.slice(numbers.indexOf(refused) + 1));
      const asking: readonly number[] = [Syscall.Map, Syscall.Pin, Syscall.Create, Syscall.BindInterrupt];
      expect(asking.filter((number) => behind.has(number))).toEqual([]);
      expect(pinned).toEqual([]);
    },
  );

  test("memory for which the kernel has no place is not used for the next disk", async () => {
    const { kernel } = await Running.start({ slots: [disk, disk], refused: Syscall.Map, refusals: 1 });
    expect(kernel.lines).toEqual([
      expect.stringMatching(/^virtioblkd: refused mmio=0x10001000 fault=10\(QueueMemory\)/),
      "virtioblkd: mmio=0x10002000 irq=2 sectors=4096",
      "virtioblkd: ready",
    ]);
  });

  test("what lies at address 0 is not taken for an interrupt", async () => {
    const { kernel, exitCode } = await Running.start({
      slots: [disk],
      withoutInterrupt: [0],
      wordsAtZero: 1,
    });
    expect(exitCode).toBe(ExitCode.DiskRefused);
    expect(kernel.made.map(({ number }) => number)).not.toContain(Syscall.BindInterrupt);
  });

  test("a service that cannot wait for its interrupt does not say that it is ready", async () => {
    const { kernel, signals, exitCode } = await Running.start({ refused: Syscall.Bind });
    expect(exitCode).toBe(ExitCode.CannotServe);
    expect(kernel.lines).not.toContain("virtioblkd: ready");
    expect(signals).toEqual([]);
  });

  test("a disk that ends within its first block is one whose first block cannot be read", async () => {
    const { signals, exitCode } = await Running.start({
      slots: [{ ...disk, sectors: 4n, blockBytes: 4096 }],
    });
    expect(exitCode).toBe(ExitCode.FirstBlockUnread);
    expect(signals).toEqual([]);
  });

  test("the registers of each slot are mapped once to look for disks, and no others", async () => {
    const { kernel } = await Running.start({ slots: [disk, empty] });
    expect(kernel.made.filter(({ number }) => number === Syscall.MapDevice)).toHaveLength(2);
  });

  test("memory that an earlier instance had pinned is released once the device is reset", async () => {
    const pinned = Array.from({ length: devicePinsMax }, () => new FakeVmo(4096));
    const service = await Running.start({ slots: [disk], pinned });
    expect(service.exitCode).toBeUndefined();
    expect(service.pinned).toHaveLength(1);
    expect(pinned).not.toContain(service.pinned[0]);
  });

  const withImage: FakeDeviceOptions = {
    ...disk,
    sectors: 800n,
    begins: new TextEncoder().encode("NXPKGIMG"),
  };

  test.each([
    ["before it", [disk, withImage, disk], 2, ["0x10001000"]],
    ["after it", [withImage, disk], 1, []],
    ["a writable one before it", [{ ...disk, readOnly: false }, withImage], 2, []],
    ["two of them, and an empty slot", [disk, empty, disk, withImage], 4, ["0x10001000", "0x10003000"]],
  ])(
    "the disk with a package image is used, no matter which other disk there is: %s",
    async (_where, slots, nth, passed) => {
      const { kernel, devices, pinnedFor, exitCode } = await Running.start({ slots });
      expect(exitCode).toBeUndefined();
      expect(kernel.lines.filter((line) => !line.includes("refused"))).toEqual([
        ...passed.map((at) => `virtioblkd: passed over mmio=${at} (no package image on it)`),
        `virtioblkd: mmio=0x1000${nth}000 irq=${nth} sectors=800`,
        "virtioblkd: ready",
      ]);
      // The service keeps nothing of the others: no capability and no pinned memory, and none of them is left running.
      const kinds = [...kernel.slots.values()].map(({ object }) => object.kind);
      expect(kinds.filter((kind) => kind === "device")).toHaveLength(1);
      expect(kinds.filter((kind) => kind === "interrupt")).toHaveLength(1);
      expect(pinnedFor).toEqual([nth - 1]);
      expect(devices.map(({ isRunning }) => isRunning)).toEqual(slots.map((_, at) => at === nth - 1));
    },
  );

  test("if no disk has a package image, the first one is used and the others are passed over", async () => {
    const { kernel } = await Running.start({ slots: [empty, disk, disk] });
    expect(kernel.lines).toEqual([
      "virtioblkd: passed over mmio=0x10003000 (no package image on it)",
      "virtioblkd: mmio=0x10002000 irq=2 sectors=4096",
      "virtioblkd: ready",
    ]);
  });

  test("a disk that never answers its first read counts as broken, not as missing", async () => {
    const { kernel, signals, exitCode } = await Running.start({ answersFirst: false });
    expect(exitCode).toBe(ExitCode.FirstBlockUnread);
    expect(kernel.lines).toEqual([
      "virtioblkd: device fault=72(DeadlineMissed) resets=1 recovered",
      "virtioblkd: read failed, client=0 lba=0: timedOut, read again",
      "virtioblkd: device fault=72(DeadlineMissed) resets=2 recovered",
      "virtioblkd: read failed, client=0 lba=0: timedOut, read again",
      "virtioblkd: device fault=72(DeadlineMissed) resets=3 recovered",
      "virtioblkd: read failed, client=0 lba=0: timedOut",
      "virtioblkd: the first block of mmio=0x10001000 could not be read",
    ]);
    expect(signals).toEqual([]);
  });

  test("a disk that fails its first read once is used", async () => {
    const { kernel, signals, exitCode } = await Running.start({ failsFirst: 1 });
    expect(exitCode).toBeUndefined();
    expect(kernel.lines).toEqual([
      "virtioblkd: read failed, client=0 lba=0: deviceError, read again",
      "virtioblkd: mmio=0x10001000 irq=1 sectors=4096",
      "virtioblkd: ready",
    ]);
    expect(signals).toEqual([1n]);
  });
});
