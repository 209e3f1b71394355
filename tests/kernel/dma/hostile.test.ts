// A hostile driver: it makes thousands of calls with what it draws, while its device answers at drawn moments, and lies. After
// each call, a model of what may be there looks at all that the device could follow:
//
//   - its ring lies in memory that no task can write;
//   - each descriptor of a chain that it has lies within memory that is pinned for it;
//   - no such memory was given to another in the meantime.
//
// A device that says that it has given something back is believed, as it is by the kernel: what it does with memory that it was
// once told of, only an IOMMU could check.

import fc from "fast-check";
import { expect, test } from "vitest";
import { devicePinsMax, offerTells, pieceMore, Refusal, VirtioRegister } from "../../harness/abi.ts";
import { defined } from "../../harness/defined.ts";
import type { Piece } from "./device.ts";
import { Driver, pageBytes, piece, self, sys, USED } from "./driver.ts";

const RUNS = 12;
const STEPS = 400;

/** A draw: what is done, and with what. */
interface Step {
  readonly what: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.nat(99),
  a: fc.nat(1000),
  b: fc.nat(1000),
  c: fc.nat(1000),
});

interface Memory {
  readonly base: number;
  readonly bytes: number;
}

const REGISTERS = [
  ...Object.values(VirtioRegister),
  VirtioRegister.Status,
  VirtioRegister.Status,
  VirtioRegister.Status,
  0x1000 + VirtioRegister.Status,
];
const STATUSES = [0, 0, 1, 3, 15, 0x100, 0x8000_0000];
const SIZES = [4, 8, 8, 16, 256, 0, 3, 512];
const OFFSETS = [0, 1, 512, 4095, 4096, 8191, 8192, 0x3ff_ffff];
const LENGTHS = [1, 16, 512, 4096, 8192, 0, 8193, 0x7ff_ffff];

class Run {
  private readonly d: Driver;
  /** The driver's memory objects, by the slots of their capabilities. */
  private readonly objects = new Map<number, Memory>();
  /** What is pinned, by its number. */
  private readonly pins = new Map<number, Memory>();
  /** Calls that were not refused, by their numbers. */
  readonly done = new Map<number, number>();

  constructor(d: Driver) {
    this.d = d;
  }

  /** The driver has some memory, and some of it is pinned. */
  prepare(): void {
    for (let n = 0; n < 4; n++) {
      this.changeMemory(1, n);
      this.pin(n, n, 3 * n);
    }
  }

  /** One step, then a look at everything. */
  take(drawn: Step): void {
    this.act(drawn);
    this.check();
  }

  private act({ what, a, b, c }: Step): void {
    const { d } = this;
    if (what < 35) {
      this.offer(a, b, c);
    } else if (what < 45) {
      this.pin(a, b, c);
    } else if (what < 53) {
      const number = a % (devicePinsMax + 2);
      if (this.ask(sys.Unpin, d.slot, number, this.taken(b)) === 0) {
        this.pins.delete(number);
      }
    } else if (what < 56) {
      if (b % 3 === 0) {
        this.ask(sys.WriteRegister, d.slot, VirtioRegister.Status, 0);
      }
      if (this.ask(sys.UnpinAll, d.slot) === 0) {
        this.pins.clear();
      }
    } else if (what < 64) {
      const to = REGISTERS[a % REGISTERS.length] ?? 0;
      const value = to === VirtioRegister.Status ? (STATUSES[b % STATUSES.length] ?? 0) : 2 ** (b % 40);
      this.ask(sys.WriteRegister, d.slot, to, value);
    } else if (what < 70) {
      if (c % 2 === 0) {
        this.startOver(b);
      }
      this.ask(sys.SetUpQueue, d.slot, SIZES[a % SIZES.length] ?? 8, USED + pageBytes * (b % 3));
    } else if (what < 74) {
      this.ask(sys.Unmap, self, USED + pageBytes * (a % 3));
    } else if (what < 80) {
      this.changeMemory(a, b);
    } else {
      this.deviceActs(what, a, b);
    }
  }

  /** The device is reset, and what was mapped of its ring goes, or does not. */
  private startOver(draw: number): void {
    const { d } = this;
    this.ask(sys.WriteRegister, d.slot, VirtioRegister.Status, 0);
    if (draw % 4 !== 0) {
      this.ask(sys.WriteRegister, d.slot, VirtioRegister.Status, 1);
    }
    for (let n = 0; n < 3 && draw % 5 !== 0; n++) {
      this.ask(sys.Unmap, self, USED + pageBytes * n);
    }
  }

  private ask(number: number, ...args: (number | bigint)[]): number {
    const status = this.d.status(number, ...args);
    if (status >= 0) {
      this.done.set(number, (this.done.get(number) ?? 0) + 1);
    }
    return status;
  }

  /** What the driver says that it has taken: mostly all that there is. */
  private taken(draw: number): number {
    return draw % 4 === 0 ? draw * 997 : this.d.device.usedIndex;
  }

  private offer(a: number, b: number, c: number): void {
    const known = [...this.pins];
    const pieces = Array.from({ length: 1 + (a % 4) }, (_, n) => {
      const draw = a * 31 + b * 7 + n * 131;
      const [number, memory] = known[draw % known.length] ?? [draw % 20, { base: 0, bytes: 4096 }];
      const flags = c % 9 === 0 ? pieceMore : 0n;
      const writes = n > b % 3;
      if (draw % 8 === 0) {
        const offset = defined(OFFSETS[draw % OFFSETS.length]);
        const bytes = defined(LENGTHS[(draw + c) % LENGTHS.length]);
        return piece(c % 3 === 0 ? draw % 256 : number, offset, bytes, writes, flags);
      }
      // Mostly within the pin, often up to its end, now and then one byte beyond.
      const offset = draw % memory.bytes;
      const left = memory.bytes - offset;
      const bytes = draw % 3 === 0 ? left + (draw % 5 === 0 ? 1 : 0) : 1 + (c % left);
      return piece(number, offset, bytes, writes, flags);
    });
    if (a % 40 === 0) {
      pieces.length = 0;
    }
    this.ask(sys.Offer, this.d.slot, this.taken(b) | (c % 2 === 0 ? offerTells : 0), ...pieces);
  }

  private pin(a: number, b: number, c: number): void {
    const [slot, memory] = [...this.objects][a % (this.objects.size + 1)] ?? [63, { base: 0, bytes: 0 }];
    const offset = b % 8192;
    const bytes = c % 3 === 0 ? memory.bytes - offset : 1 + c;
    const { status, word } = this.d.ask(sys.Pin, this.d.slot, slot, offset, bytes);
    if (status === 0) {
      this.pins.set(Number(word), { base: memory.base + offset, bytes });
    } else {
      expect([Refusal.BadArgument, Refusal.BadSlot, Refusal.TableFull]).toContain(status);
    }
  }

  /** The driver gets memory, or lets go of some. What is new must be no memory that the device could reach. */
  private changeMemory(a: number, b: number): void {
    const reached = this.d.device.reach();
    const slots = [...this.objects.keys()];
    if (a % 2 === 0 && slots.length > 4) {
      const slot = defined(slots[b % slots.length]);
      expect(this.ask(sys.Drop, slot)).toBe(0);
      this.objects.delete(slot);
      return;
    }
    const bytes = pageBytes * (1 + (b % 4));
    const slot = this.d.memory(bytes);
    const memory = { base: this.d.baseOf(slot), bytes };
    this.objects.set(slot, memory);
    this.expectApart(memory, reached, "the device could reach memory that was free");
  }

  private deviceActs(what: number, a: number, b: number): void {
    const { device } = this.d;
    if (!device.ring) {
      return;
    }
    if (what < 96 && device.pending.length > 0) {
      device.answer(a % device.pending.length);
    } else if (what === 96 && b % 3 === 0) {
      device.say(a % 20, (b % 5) - 1);
    } else if (what === 97) {
      device.slowness = a % 4 === 0 ? 1 : 0;
    }
  }

  private check(): void {
    const { device, kernel } = this.d;
    // What the device was told of its features leaves the ring as it is.
    expect(device.features & ~(0xff_ffffn | (1n << 32n))).toBe(0n);
    const { ring } = device;
    if (!ring) {
      return;
    }
    const end = ring.used + pageBytes;
    const all = { base: ring.descriptors, bytes: end - ring.descriptors };
    for (const memory of [...this.objects.values(), ...this.pins.values()]) {
      this.expectApart(
        memory,
        [{ address: all.base, bytes: all.bytes, writes: true }],
        "the ring is a driver's",
      );
    }
    for (let n = 0; n < 3; n++) {
      const entry = kernel.guest.call64("entryOf", this.d.task, USED + pageBytes * n);
      const isWritable = (entry & 4n) !== 0n;
      expect(isWritable).toBe(false);
    }
    for (const part of device.chains()) {
      const isPinned = [...this.pins.values()].some(
        ({ base, bytes }) => base <= part.address && part.address + part.bytes <= base + bytes,
      );
      if (!isPinned || part.bytes === 0) {
        throw new Error(`a descriptor names ${part.bytes} bytes at ${part.address}, which are not pinned`);
      }
    }
  }

  private expectApart(memory: Memory, pieces: readonly Piece[], what: string): void {
    for (const { address, bytes } of pieces) {
      if (address < memory.base + memory.bytes && memory.base < address + bytes) {
        throw new Error(`${what}: ${address}, ${bytes} bytes`);
      }
    }
  }
}

test.each([1, 2] as const)(
  "whatever a driver asks for, its device reaches what is pinned for it, version %i",
  async (version) => {
    const total = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: STEPS, maxLength: STEPS }), async (steps) => {
        const d = await Driver.start(version);
        const run = new Run(d);
        d.begin();
        d.setUp();
        for (const drawn of steps) {
          run.take(drawn);
        }
        for (const [number, count] of run.done) {
          total.set(number, (total.get(number) ?? 0) + count);
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    // Enough of the calls were not refused for this to say something.
    for (const number of [sys.Offer, sys.Unpin, sys.UnpinAll, sys.SetUpQueue, sys.WriteRegister]) {
      expect([number, (total.get(number) ?? 0) > 20]).toEqual([number, true]);
    }
  },
  120_000,
);
