// A device that fails, gives wrong answers or none: which reads are tried again, what their clients are told, and what is
// recorded.

import { describe, expect, test } from "vitest";
import { diskBytes, Running, troubleOf } from "./running.ts";

/** More than the service's static memory, which is the first of its memory. */
const STATIC_BYTES = 1 << 18;

describe("a device in trouble", () => {
  const seconds = 10_000_000n;

  test("64 reads can wait; the next is refused as busy, and works later", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = { lba: 0n, count: 1, offset: 0n };
    for (let n = 0; n < 64; n++) {
      expect(service.ask(7, "read", read)()).toBeUndefined();
    }
    expect(service.now(7, "read", read).status).toBe("busy");
    service.device.finishAll();
    service.interrupt();
    expect(service.ask(7, "read", read)()).toBeUndefined();
  });

  test("a read that finds no place leaves nothing behind", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    for (let n = 0; n < 64; n++) {
      service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    }
    const lba = 0xabcn;
    expect(service.now(7, "read", { lba, count: 1, offset: 0n }).status).toBe("busy");
    const words = new BigUint64Array(service.kernel.guest.bytes().slice(0, STATIC_BYTES).buffer);
    expect(words.includes(lba)).toBe(false);
  });

  test("a read for which the device has no place, as it is being checked, is refused as busy", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = { lba: 9n, count: 1, offset: 0n };
    for (let n = 0; n < 63; n++) {
      service.ask(7, "read", read);
    }
    service.tick(service.deadline);
    expect(service.device.pending).toHaveLength(64);
    expect(service.now(7, "read", read).status).toBe("busy");
  });

  test("a read that is not due yet when the device is given up is told that there is none", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const isGivenUp = (): boolean => service.kernel.lines.some((each) => each.includes("given up"));
    service.ask(7, "read", { lba: 9n, count: 1, offset: 0n });
    for (let ticks = 0; ticks < 20; ticks += 1) {
      service.kernel.time += seconds;
      const { deadline } = service;
      const late = service.ask(7, "read", { lba: 10n, count: 1, offset: 0n });
      service.tick(deadline);
      if (isGivenUp()) {
        expect(late()).toEqual({ status: "noDevice", bytes: 0 });
        return;
      }
    }
    throw new Error("the device is never given up");
  });

  test("failed reads, and faults, are reported a few times each, and recorded each time", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    for (let n = 0; n < 20; n++) {
      service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
      service.device.finish(0, { status: 2 });
      service.interrupt();
    }
    for (let n = 0; n < 20; n++) {
      service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
      service.device.finishAll();
      service.tick(service.deadline);
      service.interrupt();
    }
    const said = (words: string): number =>
      service.kernel.lines.filter((each) => each.includes(words)).length;
    expect(said("read failed")).toBe(16);
    expect(said("device fault")).toBe(16);
    expect(troubleOf(service.kernel)).toHaveLength(40);
  });

  test("only the client is told of a permanent error of the device", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const bad = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    const good = service.ask(7, "read", { lba: 1n, count: 1, offset: 512n });
    service.device.finish(0, { status: 1 });
    service.device.finish(0);
    service.interrupt();
    expect(good()).toEqual({ status: "ok", bytes: 512 });
    for (let tries = 1; tries < 3; tries++) {
      expect(bad()).toBeUndefined();
      service.device.finish(0, { status: 1 });
      service.interrupt();
    }
    expect(bad()).toEqual({ status: "deviceError", bytes: 0 });
    expect(service.device.pending).toEqual([]);
    expect(service.kernel.lines.slice(2)).toEqual([
      "virtioblkd: read failed, client=7 lba=0: deviceError, read again",
      "virtioblkd: read failed, client=7 lba=0: deviceError, read again",
      "virtioblkd: read failed, client=7 lba=0: deviceError",
    ]);
    expect(troubleOf(service.kernel)).toEqual([
      "client 7, sector 0: deviceError, read again",
      "client 7, sector 0: deviceError, read again",
      "client 7, sector 0: deviceError",
    ]);
  });

  test("a temporary error of the device is only recorded, and the data comes", async () => {
    const service = await Running.start();
    const vmo = service.attach(7, 4096);
    const read = service.ask(7, "read", { lba: 3n, count: 2, offset: 512n });
    service.device.finish(0, { status: 1 });
    service.interrupt();
    expect(read()).toBeUndefined();
    service.device.finishAll();
    service.interrupt();
    expect(read()).toEqual({ status: "ok", bytes: 1024 });
    expect(vmo.read(512, 1024)).toEqual(diskBytes(3, 1024));
    expect(troubleOf(service.kernel)).toEqual(["client 7, sector 3: deviceError, read again"]);
    expect(service.now(7, "info")).toMatchObject({ reads: 1n, errors: 0n });
  });

  test("a request that the device does not support is not repeated", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    service.device.finish(0, { status: 2 });
    service.interrupt();
    expect(read()).toEqual({ status: "deviceError", bytes: 0 });
    expect(service.device.pending).toEqual([]);
  });

  test("an unanswered read is tried again, and so is the one beside it; both get their data", async () => {
    const service = await Running.start();
    const vmo = service.attach(7, 4096);
    const begin = service.kernel.time;
    const first = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    expect(service.deadline).toBe(begin + 4n * seconds);
    service.kernel.time += seconds;
    const second = service.ask(7, "read", { lba: 1n, count: 1, offset: 512n });
    service.tick(begin + 4n * seconds);
    expect([first(), second()]).toEqual([undefined, undefined]);
    expect(service.deadline).toBe(begin + 8n * seconds);
    expect(service.device.pending.map(({ sector }) => sector)).toEqual([0n, 1n, 4095n]);
    service.device.finishAll();
    service.interrupt();
    expect([first(), second()]).toEqual([
      { status: "ok", bytes: 512 },
      { status: "ok", bytes: 512 },
    ]);
    expect(vmo.read(0, 1024)).toEqual(diskBytes(0, 1024));
    expect(service.kernel.lines).toContain("virtioblkd: device fault=72(DeadlineMissed) resets=1 recovered");
    expect(troubleOf(service.kernel)).toEqual([
      "fault 72, resets 1",
      "client 7, sector 0: timedOut, read again",
      "client 7, sector 1: timedOut, read again",
    ]);
  });

  test("a read that is never answered ends after three tries, before its client gives up", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const begin = service.kernel.time;
    const read = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    let ticks = 0;
    for (; read() === undefined; ticks++) {
      service.tick(service.deadline);
    }
    expect(ticks).toBe(3);
    expect(service.kernel.time - begin).toBeLessThan(15n * seconds);
    expect(read()).toEqual({ status: "timedOut", bytes: 0 });
    expect(troubleOf(service.kernel)).toEqual([
      "fault 72, resets 1",
      "client 7, sector 0: timedOut, read again",
      "fault 72, resets 2",
      "client 7, sector 0: timedOut, read again",
      "fault 72, resets 3",
      "client 7, sector 0: timedOut",
    ]);
    // The next read works.
    const again = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    service.device.finishAll();
    service.interrupt();
    expect(again()).toEqual({ status: "ok", bytes: 512 });
  });

  test.each([9n, 0n, 4095n])(
    "if sector %i is never answered, its reads fail, and no client loses the disk, no matter how often it is read",
    async (silent) => {
      const service = await Running.start();
      const vmo = service.attach(7, 4096);
      const answerOthers = () => {
        const { pending } = service.device;
        for (let at = pending.length - 1; at >= 0; at--) {
          if (pending[at]?.sector !== silent) {
            service.device.finish(at);
          }
        }
        service.interrupt();
      };
      for (let time = 0; time < 8; time++) {
        const bad = service.ask(7, "read", { lba: silent, count: 1, offset: 0n });
        const begin = service.kernel.time;
        while (bad() === undefined) {
          service.tick(service.deadline);
          answerOthers();
        }
        expect(bad()).toEqual({ status: "timedOut", bytes: 0 });
        expect(service.kernel.time - begin).toBeLessThanOrEqual(12n * seconds);
      }
      const good = service.ask(7, "read", { lba: 40n, count: 2, offset: 512n });
      answerOthers();
      expect(good()).toEqual({ status: "ok", bytes: 1024 });
      expect(vmo.read(512, 1024)).toEqual(diskBytes(40, 1024));
    },
  );

  test("if reads take all places, the device is checked as soon as one of them has ended", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    for (let n = 0; n < 64; n++) {
      service.ask(7, "read", { lba: 9n, count: 1, offset: 0n });
    }
    service.tick(service.deadline);
    const sectors = () => new Set(service.device.pending.map(({ sector }) => sector));
    expect(sectors()).toEqual(new Set([9n]));
    service.device.finish();
    service.interrupt();
    expect(sectors()).toEqual(new Set([9n, 4095n]));
    expect(service.device.pending).toHaveLength(64);
  });

  test("an answer without an interrupt is taken when its time is up, and is recorded", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    service.device.finishAll();
    expect(read()).toBeUndefined();
    service.tick(service.deadline);
    expect(read()).toEqual({ status: "ok", bytes: 512 });
    expect(troubleOf(service.kernel)).toEqual(["fault 74, resets 0"]);
    expect(service.kernel.lines.at(-1)).toBe("virtioblkd: device fault=74(InterruptMissing) resets=0 noted");
  });

  test("a read with wrong answers is tried three times, then its client is told", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    for (const lie of [{ id: 0xffff }, { status: 77 }, { length: 0xffff_ffff }]) {
      expect(read()).toBeUndefined();
      service.device.finish(0, lie);
      service.interrupt();
    }
    expect(read()).toEqual({ status: "malformedReply", bytes: 0 });
    const again = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    service.device.finishAll();
    service.interrupt();
    expect(again()).toEqual({ status: "ok", bytes: 512 });
  });

  test("a device that never works is given up after a number of resets, and no client waits for it", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const answers = Array.from({ length: 2 }, () => {
      const read = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
      for (let ticks = 0; read() === undefined && ticks < 10; ticks++) {
        service.tick(service.deadline);
      }
      return read()?.status;
    });
    expect(answers).toEqual(["timedOut", "timedOut"]);
    expect(service.kernel.lines).toContain(
      "virtioblkd: device fault=72(DeadlineMissed) resets=5 given up, fault=73(GivenUp)",
    );
    expect(troubleOf(service.kernel)).toContain("fault 73, resets 5");
    expect(service.now(7, "read", { lba: 0n, count: 1, offset: 0n }).status).toBe("noDevice");
  });

  test("a device that does not stop is given up: noDevice, and its interrupt is not completed any more", async () => {
    const service = await Running.start();
    service.attach(7, 4096);
    const read = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    service.device.mood.resetPolls = Number.POSITIVE_INFINITY;
    service.device.finish(0, { length: 0xffff_ffff });
    service.interrupt();
    expect(read()).toEqual({ status: "noDevice", bytes: 0 });
    expect(service.now(7, "read", { lba: 0n, count: 1, offset: 0n }).status).toBe("noDevice");
    // The interrupt that led to this was completed; the next one is not.
    const completed = service.completedCount;
    service.device.pretend({});
    service.interrupt();
    service.interrupt();
    expect(service.completedCount).toBe(completed);
    expect(service.kernel.lines.slice(-2)).toEqual([
      "virtioblkd: device fault=36(UsedLength) resets=1 given up, fault=5(ResetTimeout)",
      "virtioblkd: read failed, client=7 lba=0: noDevice",
    ]);
    expect(troubleOf(service.kernel)).toEqual([
      "fault 36, resets 1",
      "fault 5, resets 1",
      "client 7, sector 0: noDevice",
    ]);
    // The device may still write, so the memory that it knows stays pinned for good, even if its client attaches other memory.
    const pinned = [...service.kernel.devices.pins];
    service.attach(7, 4096);
    expect(service.kernel.devices.pins.slice(0, pinned.length)).toEqual(pinned);
  });
});
