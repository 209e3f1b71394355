// Which clients' memory the device may use, and for how long; and what is recorded of clients that asked for the wrong thing.

import { describe, expect, test } from "vitest";
import { Audit, Right } from "../../harness/abi.ts";
import { diskBytes, Running } from "./running.ts";

describe("clients", () => {
  test("attach: refused without a capability, too small, empty, too large, read-only, or when pins run out", async () => {
    const service = await Running.start();
    const { kernel } = service;
    const refused = { status: "attachRefused" };
    expect(service.now(7, "attach", { bytes: 4096n })).toEqual(refused);
    expect(service.now(7, "attach", { bytes: 4097n }, service.vmo(4096))).toEqual(refused);
    expect(service.now(7, "attach", { bytes: 0n }, service.vmo(4096))).toEqual(refused);
    expect(service.now(7, "attach", { bytes: 16_777_217n }, service.vmo(16_777_217))).toEqual(refused);
    expect(service.now(7, "attach", { bytes: 4096n }, service.vmo(4096), Right.Read)).toEqual(refused);
    kernel.devices.pinsMax = kernel.devices.pins.length;
    expect(service.now(7, "attach", { bytes: 4096n }, service.vmo(4096))).toEqual(refused);
    // The service has kept none of the capabilities that came with the messages.
    expect([...kernel.slots.values()].filter(({ object }) => object.kind === "vmo")).toHaveLength(1);
  });

  test("attach: repeated, it takes only one pin, and only the last object is written to", async () => {
    const service = await Running.start();
    const { kernel } = service;
    for (let turn = 0; turn < 3 * kernel.devices.pinsMax; turn++) {
      service.attach(7, 4096);
    }
    const first = service.attach(8, 4096);
    const vmo = service.attach(7, 4096);
    expect(service.pinned).toEqual([expect.anything(), first, vmo]);
    expect([...kernel.slots.values()].filter(({ object }) => object.kind === "vmo")).toHaveLength(1);
    const read = service.ask(7, "read", { lba: 3n, count: 1, offset: 0n });
    service.device.finishAll();
    service.interrupt();
    expect(read()?.status).toBe("ok");
    expect(vmo.read(0, 512)).toEqual(diskBytes(3, 512));
  });

  test("attach: refused as busy while a read of the same client is under way, and nothing is released", async () => {
    const service = await Running.start();
    const { kernel } = service;
    service.attach(7, 4096);
    const pinned = [...kernel.devices.pins];
    const read = service.ask(7, "read", { lba: 0n, count: 1, offset: 0n });
    expect(service.now(7, "attach", { bytes: 4096n }, service.vmo(4096))).toEqual({ status: "busy" });
    expect(kernel.devices.pins).toEqual(pinned);
    service.device.finishAll();
    service.interrupt();
    expect(read()).toEqual({ status: "ok", bytes: 512 });
    service.attach(7, 4096);
    expect(kernel.devices.unpinnedUnderWay).toBe(0);
  });

  test("attach: an object that two clients share stays pinned until the last of them releases it", async () => {
    const service = await Running.start();
    const { kernel } = service;
    const shared = service.vmo(4096);
    for (const badge of [7, 8]) {
      expect(service.now(badge, "attach", { bytes: 4096n }, shared)).toEqual({ status: "ok" });
    }
    const read = service.ask(8, "read", { lba: 5n, count: 1, offset: 0n });
    service.attach(7, 4096);
    expect(service.pinned).toContain(shared);
    expect(kernel.devices.unpinnedUnderWay).toBe(0);
    service.device.finishAll();
    service.interrupt();
    expect(read()?.status).toBe("ok");
    service.attach(8, 4096);
    expect(service.pinned).not.toContain(shared);
  });

  test("the audit trail has refusals, with client, method and sector, but not requests that only came too early", async () => {
    const service = await Running.start();
    const { audit } = service.kernel;
    const methods = { info: 0n, attach: 1n, read: 2n, write: 3n };
    const none = (1n << 64n) - 1n;
    const who = (method: bigint): bigint => 7n | (method << 32n);
    service.now(7, "read", { lba: 1n, count: 1, offset: 0n });
    expect(audit).toEqual([]);
    service.attach(7, 4096);
    service.now(7, "write", { lba: 9n, count: 1, offset: 0n });
    service.now(7, "read", { lba: 4096n, count: 1, offset: 0n });
    service.now(7, "read", { lba: 2n, count: 257, offset: 0n });
    service.now(7, "attach", { bytes: 0n }, service.vmo(4096));
    service.send({ w0: 99n, bytes: new Uint8Array(8), badge: 7 });
    expect(audit).toEqual([
      [Audit.BlockRefused, who(methods.write), 9n],
      [Audit.BlockRefused, who(methods.read), 4096n],
      [Audit.BlockRefused, who(methods.read), 2n],
      [Audit.BlockRefused, who(methods.attach), none],
      [Audit.BlockRefused, who(99n), none],
    ]);
  });

  test("a ninth client takes the place of the one that asked least recently", async () => {
    const service = await Running.start();
    for (let badge = 1; badge <= 9; badge++) {
      service.attach(badge, 4096);
    }
    expect(service.now(1, "read", { lba: 0n, count: 1, offset: 0n }).status).toBe("notAttached");
    expect(service.ask(9, "read", { lba: 0n, count: 1, offset: 0n })()).toBeUndefined();
  });

  test("a ninth client does not take the place of one whose read is under way; if all wait, the answer is busy", async () => {
    const service = await Running.start();
    const read = { lba: 0n, count: 1, offset: 0n };
    for (let badge = 1; badge <= 8; badge++) {
      service.attach(badge, 4096);
    }
    const reads = Array.from({ length: 8 }, (_, index) => service.ask(index + 1, "read", read));
    expect(service.now(9, "attach", { bytes: 4096n }, service.vmo(4096)).status).toBe("busy");
    expect(service.now(9, "read", read).status).toBe("busy");
    service.device.finish(0);
    service.interrupt();
    service.attach(9, 4096);
    service.device.finishAll();
    service.interrupt();
    expect(reads.map((answer) => answer()?.status)).toEqual(Array.from({ length: 8 }, () => "ok"));
  });

  test("a client for which there is no record gets none at address 0", async () => {
    const service = await Running.start();
    const read = { lba: 0n, count: 1, offset: 0n };
    for (let badge = 1; badge <= 8; badge++) {
      service.attach(badge, 4096);
      service.ask(badge, "read", read);
    }
    // Zeros there look like a record that is free.
    service.kernel.guest.bytes().fill(0, 0, 1024);
    expect(service.now(9, "attach", { bytes: 4096n }, service.vmo(4096)).status).toBe("busy");
    expect(service.now(9, "read", read).status).toBe("busy");
    expect(service.now(9, "exchange", { waitFor: 0 }).status).toBe("busy");
  });
});
