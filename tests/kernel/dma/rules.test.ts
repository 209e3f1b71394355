// What the kernel writes for the driver of a virtio device, and what it does not: registers, pins, the ring.

import { describe, expect, test } from "vitest";
import {
  devicePinsMax,
  messagePage,
  Refusal,
  Resource,
  VirtioRegister as register,
} from "../../harness/abi.ts";
import { defined } from "../../harness/defined.ts";
import { BASE } from "./device.ts";
import {
  Driver,
  HART,
  Kind,
  pageBytes,
  piece,
  Right,
  SLOT,
  self,
  sys,
  USED,
  startWorking as working,
} from "./driver.ts";

const PTE = { read: 2n, write: 4n, execute: 8n };
const UART_REGION = 16;

/** What a page of the driver's address space may be used for. */
function rightsAt(d: Driver, address: number): bigint {
  return d.kernel.guest.call64("entryOf", d.task, address) & 14n;
}

function physicalAt(d: Driver, address: number): number {
  return Number((d.kernel.guest.call64("entryOf", d.task, address) >> 10n) << 12n);
}

describe("registers", () => {
  test("of a device that uses memory are mapped to read; those of the UART also to write", async () => {
    const d = await Driver.start();
    d.kernel.guest.call("placeUart", 0x1000_0000);
    const uart = d.kernel.give(d.task, Kind.Device, UART_REGION);
    expect(d.status(sys.MapDevice, d.slot, USED)).toBe(0);
    expect(d.status(sys.MapDevice, uart, USED + pageBytes)).toBe(0);
    expect(rightsAt(d, USED)).toBe(PTE.read);
    expect(rightsAt(d, USED + pageBytes)).toBe(PTE.read | PTE.write);
    expect(physicalAt(d, USED)).toBe(BASE);
  });

  test("that name memory, or that nothing needs, are never written for the driver", async () => {
    const d = await Driver.start();
    const allowed: number[] = [];
    for (let to = 0; to < 0x200; to += 4) {
      if (d.write(to, 0) === 0) {
        allowed.push(to);
      }
    }
    expect(allowed).toEqual([
      register.DeviceFeaturesSel,
      register.DriverFeatures,
      register.QueueSel,
      register.Status,
    ]);
    for (const to of [register.Status + 1, 2 ** 32 + register.Status, -4, register.InterruptAck]) {
      expect([to, d.write(to, 0)]).toEqual([to, Refusal.BadArgument]);
    }
    expect(d.write(register.QueueSel, 1)).toBe(Refusal.BadArgument);
    expect(d.write(register.Status, 0x100)).toBe(Refusal.BadArgument);
    expect(d.write(register.Status, 0xff)).toBe(0);
    expect(d.device.status).toBe(0xff);
    expect(d.write(register.DeviceFeaturesSel, 1)).toBe(0);
    expect(d.device.written.get(register.DeviceFeaturesSel)).toBe(1);
  });

  test.each([1, 2] as const)(
    "features that change the ring are not accepted, version %i",
    async (version) => {
      const d = await Driver.start(version);
      for (let bit = 0n; bit < 64n; bit++) {
        const wanted = bit < 24n || bit === 32n;
        expect([bit, d.write(register.DriverFeatures, 1n << bit)]).toEqual([
          bit,
          wanted ? 0 : Refusal.BadArgument,
        ]);
        if (wanted) {
          // A legacy device has only the lower half.
          expect(d.device.features).toBe(version === 1 && bit === 32n ? 0n : 1n << bit);
        }
      }
    },
  );

  test("are written and the device is used only with the rights to it", async () => {
    const d = await Driver.start();
    const k = d.kernel;
    const to = (rights: number): number => k.give(d.task, Kind.Device, SLOT, rights);
    const [reads, writes] = [to(Right.Read), to(Right.Read | Right.Write)];
    const uart = k.give(d.task, Kind.Device, UART_REGION);
    const vmo = d.memory(pageBytes);
    for (const [slot, refusal] of [
      [reads, Refusal.MissingRight],
      [writes, Refusal.MissingRight],
      [uart, Refusal.WrongKind],
      [vmo, Refusal.WrongKind],
      [63, Refusal.BadSlot],
    ] as const) {
      expect(d.status(sys.Pin, slot, vmo, 0, pageBytes)).toBe(refusal);
      expect(d.status(sys.Unpin, slot, 0, 0)).toBe(refusal);
      expect(d.status(sys.UnpinAll, slot)).toBe(refusal);
      expect(d.status(sys.SetUpQueue, slot, 8, USED)).toBe(refusal);
      expect(d.status(sys.Offer, slot, 0, 1)).toBe(refusal);
      if (slot !== writes) {
        expect(d.status(sys.WriteRegister, slot, register.Status, 1)).toBe(refusal);
      }
    }
    expect(d.status(sys.WriteRegister, writes, register.Status, 1)).toBe(0);
  });

  test("the interrupt is acknowledged at the device that it comes from", async () => {
    const d = await Driver.start();
    const k = d.kernel;
    const [mine, other] = [1, 5].map((source) => k.give(d.task, Kind.Interrupt, source));
    const bell = Number(d.ask(sys.Create, Kind.Notification).word);
    for (const interrupt of [mine, other]) {
      expect(d.status(sys.BindInterrupt, defined(interrupt), bell, 1)).toBe(0);
      // None is claimed.
      expect(d.status(sys.CompleteInterrupt, defined(interrupt), 3)).toBe(Refusal.BadState);
    }
    expect(d.device.acknowledged).toEqual([]);
  });
});

describe("a device's pool", () => {
  test("has sixteen places, each with a part of an object; no address is told", async () => {
    const d = await Driver.start();
    const vmo = d.memory(2 * pageBytes);
    const before = d.kernel.guest.call("vmoReferences", d.kernel.guest.call("objectAt", d.task, vmo));
    for (let number = 0; number < devicePinsMax; number++) {
      expect(d.pin(vmo, 100, number)).toBe(number);
    }
    expect(d.pin(vmo, 100)).toBe(Refusal.TableFull);
    // Another device has a pool of its own.
    const other = d.kernel.give(d.task, Kind.Device, SLOT + 1);
    expect(d.ask(sys.Pin, other, vmo, 0, 1)).toEqual({ status: 0, word: 0n });
    const references = () =>
      d.kernel.guest.call("vmoReferences", d.kernel.guest.call("objectAt", d.task, vmo));
    expect(references()).toBe(before + devicePinsMax + 1);
    expect(d.status(sys.Unpin, d.slot, 7, 0)).toBe(0);
    expect(d.status(sys.Unpin, d.slot, 7, 0)).toBe(Refusal.BadState);
    expect(d.status(sys.Unpin, d.slot, devicePinsMax, 0)).toBe(Refusal.BadArgument);
    expect(d.status(sys.Unpin, d.slot, 2 ** 32, 0)).toBe(Refusal.BadArgument);
    expect(references()).toBe(before + devicePinsMax);
    expect(d.pin(vmo, 1)).toBe(7);
    expect(d.status(sys.UnpinAll, d.slot)).toBe(0);
    expect(references()).toBe(before + 1);
  });

  test("is charged to the job, and given back", async () => {
    const d = await Driver.start();
    const charged = () => d.kernel.guest.call("chargedTo", 0, Resource.Pins);
    const vmo = d.memory(pageBytes);
    expect(d.pin(vmo, 1)).toBe(0);
    expect(d.pin(vmo, 1)).toBe(1);
    expect(charged()).toBe(2);
    d.status(sys.Unpin, d.slot, 0, 0);
    expect(charged()).toBe(1);
    d.status(sys.UnpinAll, d.slot);
    expect(charged()).toBe(0);
    for (let number = 0; number < devicePinsMax; number++) {
      d.pin(vmo, 1);
    }
    expect(d.pin(vmo, 1)).toBe(Refusal.TableFull);
    expect(charged()).toBe(devicePinsMax);
  });

  test("is not emptied as a whole before the device was reset", async () => {
    const { d } = await working();
    expect(d.status(sys.UnpinAll, d.slot)).toBe(Refusal.BadState);
    d.device.slowness = 1;
    d.reset();
    expect(d.status(sys.UnpinAll, d.slot)).toBe(Refusal.BadState);
    expect(d.status(sys.UnpinAll, d.slot)).toBe(0);
    expect(d.kernel.guest.call("chargedTo", 0, Resource.Pins)).toBe(0);
  });
});

describe("a queue", () => {
  test.each([
    [1, 8],
    [2, 8],
    [1, 256],
    [2, 256],
  ] as const)(
    "version %i, of %i: the device is told of it, and the driver may read what it writes",
    async (version, size) => {
      const { d } = await working(size, version);
      const ring = defined(d.device.ring);
      expect(ring.size).toBe(size);
      expect(ring.descriptors % pageBytes).toBe(0);
      expect(ring.available).toBe(ring.descriptors + 16 * size);
      expect(physicalAt(d, USED)).toBe(ring.used);
      expect(rightsAt(d, USED)).toBe(PTE.read);
      // The other pages of the ring are not mapped, and no capability names it.
      expect(d.kernel.guest.call64("entryOf", d.task, USED + pageBytes)).toBe(0n);
      const bytes = d.kernel.guest.get(ring.descriptors, ring.used + pageBytes - ring.descriptors);
      expect(bytes.every((byte) => byte === 0)).toBe(true);
      if (version === 1) {
        expect(d.device.written.get(register.GuestPageSize)).toBe(4096);
        expect(d.device.written.get(register.QueueAlign)).toBe(4096);
      }
    },
  );

  test("is refused with another size, more than the device takes, in no place, or twice", async () => {
    const d = await Driver.start();
    d.begin();
    d.device.sizeMax = 16;
    const vmos = () => d.kernel.guest.call("chargedTo", 0, Resource.Vmos);
    const before = vmos();
    for (const size of [0, 3, 255, 512, 2 ** 32 + 8, 32]) {
      expect([size, d.setUp(size)]).toEqual([size, Refusal.BadArgument]);
    }
    expect(d.setUp(8, USED + 1)).toBe(Refusal.BadArgument);
    expect(d.setUp(8, 0)).toBe(Refusal.BadArgument);
    expect(vmos()).toBe(before);
    expect(d.device.ring).toBeUndefined();
    expect(d.setUp(16)).toBe(0);
    expect(d.setUp(16)).toBe(Refusal.Overlap);
    expect(d.setUp(16, USED + pageBytes)).toBe(Refusal.BadState);
    expect(d.kernel.guest.call64("entryOf", d.task, USED + pageBytes)).toBe(0n);
    expect(vmos()).toBe(before + 1);
  });

  test("is refused for a device in its first state, from which a reset could not be told", async () => {
    const d = await Driver.start();
    expect(d.setUp()).toBe(Refusal.BadState);
    d.begin();
    expect(d.setUp()).toBe(0);
  });

  test("is refused until a reset that takes a while is over, whatever is written to Status meanwhile", async () => {
    const { d } = await working();
    d.status(sys.Unmap, self, USED);
    d.device.slowness = 3;
    d.reset();
    expect(d.setUp()).toBe(Refusal.BadState);
    expect(d.write(register.Status, 1)).toBe(0);
    for (let time = 0; time < 4; time++) {
      expect(d.setUp()).toBe(Refusal.BadState);
    }
    d.device.slowness = 0;
    d.reset();
    d.begin();
    expect(d.setUp()).toBe(0);
  });

  test("is refused during a reset also without a queue, and twice whatever the device says", async () => {
    const d = await Driver.start();
    d.begin();
    d.device.slowness = 1;
    d.reset();
    expect(d.setUp()).toBe(Refusal.BadState);
    d.device.slowness = 0;
    d.begin();
    expect(d.setUp()).toBe(0);
    d.device.store(BASE + register.QueueReady, 0);
    expect(d.setUp(8, USED + pageBytes)).toBe(Refusal.BadState);
  });

  test("is refused for a device that has one already", async () => {
    const d = await Driver.start();
    d.begin();
    d.device.store(BASE + register.QueueReady, 1);
    expect(d.setUp()).toBe(Refusal.BadState);
  });

  test("is charged to the job, and its memory goes with the reset and the mapping", async () => {
    const { d } = await working();
    const pages = () => d.kernel.guest.call("chargedTo", 0, Resource.Vmos);
    const before = pages();
    const ring = defined(d.device.ring);
    d.reset();
    // Not noticed yet.
    d.begin();
    expect(d.setUp()).toBe(Refusal.Overlap);
    d.status(sys.Unmap, self, USED);
    expect(pages()).toBe(before - 1);
    expect(d.setUp()).toBe(0);
    expect(pages()).toBe(before);
    expect(defined(d.device.ring).size).toBe(ring.size);
  });

  test("stays, and what is pinned too, when its driver ends; the next one resets the device", async () => {
    const { d, pin, base } = await working();
    d.offer(0, piece(pin, 0, 512));
    const k = d.kernel;
    k.syscall(HART, sys.Exit, 0);
    k.pass(1_000_000n);
    expect(d.device.chains()).toEqual([{ address: base, bytes: 512, writes: true }]);
    const next = k.spawnOn(HART, 0);
    const slot = k.give(next, Kind.Device, SLOT);
    expect(k.ask(HART, sys.UnpinAll, slot).status).toBe(Refusal.BadState);
    expect(k.ask(HART, sys.WriteRegister, slot, register.Status, 0).status).toBe(0);
    const free = k.guest.call("free");
    expect(k.ask(HART, sys.UnpinAll, slot).status).toBe(0);
    // The ring, its shadow, and the driver's page.
    expect(k.guest.call("free") - free).toBe(4);
    expect(k.guest.call("chargedTo", 0, Resource.Pins)).toBe(0);
  });
});

describe("no queue is set up", () => {
  test("for a device that is told of addresses in what it reads: a balloon, a GPU, and any other kind but a disk", async () => {
    const d = await Driver.start();
    d.begin();
    for (const kind of [0, 1, 5, 16, 24]) {
      d.device.kind = kind;
      expect([kind, d.setUp()]).toEqual([kind, Refusal.WrongKind]);
    }
    expect(rightsAt(d, USED)).toBe(0n);
    expect(d.device.written.has(register.QueueDescLow)).toBe(false);
    d.device.kind = 2;
    expect(d.setUp()).toBe(0);
  });

  test("in the middle of a mapping, which would go on in place of the ring's", async () => {
    const d = await Driver.start();
    const pages = 200;
    const vmo = d.memory(pages * pageBytes);
    const messages = physicalAt(d, messagePage);
    expect(d.kernel.turn(HART, sys.Map, self, vmo, USED, 0, pages * pageBytes, Right.Read)).toBe(false);
    expect(d.setUp(8, messagePage)).toBe(Refusal.BadState);
    d.begin();
    expect(d.kernel.turn(HART, sys.Map, self, vmo, USED, 0, pages * pageBytes, Right.Read)).toBe(false);
    expect(d.setUp(8, messagePage)).toBe(Refusal.BadState);
    expect(physicalAt(d, messagePage)).toBe(messages);
    expect(d.device.written.has(register.QueueDescLow)).toBe(false);
  });

  test("where something else is mapped, and that stays", async () => {
    const d = await Driver.start();
    d.begin();
    const messages = physicalAt(d, messagePage);
    expect(d.setUp(8, messagePage)).toBe(Refusal.Overlap);
    expect(physicalAt(d, messagePage)).toBe(messages);
  });

  test("where there is no memory, or none for the driver's job", async () => {
    const takeAll = (from: Driver): void => {
      for (let bytes = 0x0100_0000; bytes >= pageBytes; bytes /= 2) {
        while (from.status(sys.CreateVmo, bytes, self) === 0) {}
      }
    };
    const poor = await Driver.startInJob();
    poor.begin();
    takeAll(poor);
    const charged = (): number => poor.kernel.guest.call("chargedTo", 1, Resource.Vmos);
    const before = charged();
    expect(poor.setUp()).toBe(Refusal.Quota);
    expect(charged()).toBe(before);
    expect(poor.device.written.has(register.QueueDescLow)).toBe(false);
    const d = await Driver.start();
    d.begin();
    takeAll(d);
    expect(d.kernel.guest.call("free")).toBe(0);
    expect(d.setUp()).toBe(Refusal.NoMemory);
    expect(d.device.written.has(register.QueueDescLow)).toBe(false);
  });
});
