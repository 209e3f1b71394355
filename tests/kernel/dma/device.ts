// A virtio device in front of the kernel: its registers, and the memory that it could follow from there. It keeps the rules
// (a reset forgets everything), and answers chains when and how a test says.

import {
  availableBytes,
  chainAt,
  descriptorBytes,
  legacyPlaces,
  type RingPlaces,
  RingWalk,
  usedBytes,
} from "../../../tools/fuzz/targets/virtio/split-ring.ts";
import { VirtioRegister as register } from "../../harness/abi.ts";
import { defined } from "../../harness/defined.ts";
import type { Kernel, Registers } from "../harness/kernel.ts";

export const BASE = 0x1000_1000;
export const IRQ = 1;

/** Memory that the device may reach. */
export interface Piece {
  readonly address: number;
  readonly bytes: number;
  readonly writes: boolean;
}

export class Device implements Registers {
  readonly version: 1 | 2;
  /** What was written to each register, the last of it. */
  readonly written = new Map<number, number>();
  status = 0;
  /** Reads of Status that still show the old one after a reset. */
  slowness = 0;
  sizeMax = 256;
  /** What kind of device it is (virtio 1.2, 5): a block device. */
  kind = 2;
  /** The features that the driver accepted. */
  features = 0n;
  notifyCount = 0;
  acknowledged: number[] = [];
  resetCount = 0;
  private old = { status: 0, polls: 0 };
  private readonly kernel: Kernel;
  private readonly queues: number[] = [];
  private ready = false;
  /** Chains that it took from the available ring and has not answered, by their heads. */
  private taken: number[] = [];
  private walk = new RingWalk();

  constructor(kernel: Kernel, version: 1 | 2 = 2) {
    this.kernel = kernel;
    this.version = version;
  }

  load(address: number): number {
    switch (address - BASE) {
      case register.Version:
        return this.version;
      case register.DeviceId:
        return this.kind;
      case register.QueueNumMax:
        return this.sizeMax;
      case register.QueueReady:
        return this.ready ? 1 : 0;
      case register.QueuePfn:
        return this.version === 1 && this.ready ? (this.written.get(register.QueuePfn) ?? 0) : 0;
      case register.Status:
        if (this.old.polls > 0) {
          this.old.polls--;
          return this.old.status;
        }
        return this.status;
      default:
        return 0;
    }
  }

  store(address: number, value: number): void {
    const to = address - BASE;
    this.written.set(to, value);
    if (to === register.Status) {
      if (value === 0) {
        this.reset();
      }
      this.status = value;
    } else if (to === register.DriverFeatures) {
      const shift = 32n * BigInt(this.written.get(register.DriverFeaturesSel) ?? 0);
      this.features = (this.features & ~(0xffff_ffffn << shift)) | (BigInt(value) << shift);
    } else if (to === register.QueueSel) {
      this.queues.push(value);
    } else if (to === register.QueueReady || to === register.QueuePfn) {
      this.ready = value !== 0;
    } else if (to === register.QueueNotify) {
      this.notifyCount++;
    } else if (to === register.InterruptAck) {
      this.acknowledged.push(value);
    }
  }

  private reset(): void {
    this.resetCount++;
    const shown = this.status || (this.old.polls > 0 ? this.old.status : 0);
    this.old = { status: shown, polls: this.slowness };
    this.written.clear();
    this.ready = false;
    this.taken = [];
    this.walk = new RingWalk();
    this.features = 0n;
  }

  /** The ring that it was told of. */
  get ring(): RingPlaces | undefined {
    if (!this.ready) {
      return undefined;
    }
    const size = defined(this.written.get(register.QueueNum), "a size");
    const of = (low: number): number => {
      expectZero(this.written.get(low + 4));
      return defined(this.written.get(low), "an address");
    };
    if (this.version === 2) {
      return {
        size,
        descriptors: of(register.QueueDescLow),
        available: of(register.QueueDriverLow),
        used: of(register.QueueDeviceLow),
      };
    }
    return legacyPlaces(defined(this.written.get(register.QueuePfn)), size);
  }

  /** How many answers it has given. */
  get usedIndex(): number {
    return this.walk.given;
  }

  /** Heads of the chains that it may follow now: those that it took, and those that are there to be taken. */
  get pending(): readonly number[] {
    this.look();
    return this.taken;
  }

  private look(): void {
    const { ring } = this;
    if (!ring) {
      return;
    }
    this.taken.push(...this.walk.takeNew(this.words(ring.available, availableBytes(ring.size)), ring.size));
  }

  /** The pieces of a chain, as they stand in memory now. */
  chain(head: number): Piece[] {
    const { size, descriptors } = defined(this.ring, "a ring");
    const table = this.words(descriptors, descriptorBytes(size));
    return chainAt(table, size, head).map(({ address, bytes, writes }) => ({
      address: Number(address),
      bytes,
      writes,
    }));
  }

  /** All memory that the device could reach: its ring, and what the chains name that it has. */
  reach(): Piece[] {
    const { ring } = this;
    if (!ring) {
      return [];
    }
    const { size, descriptors, available, used } = ring;
    const parts = [
      { address: descriptors, bytes: descriptorBytes(size), writes: false },
      { address: available, bytes: availableBytes(size), writes: false },
      { address: used, bytes: usedBytes(size), writes: true },
    ];
    return [...parts, ...this.chains()];
  }

  /** What the chains name that it has. */
  chains(): Piece[] {
    return this.pending.flatMap((head) => this.chain(head));
  }

  /** Gives the `nth` chain that it has back. */
  answer(nth = 0): void {
    const [head] = this.pending.length > nth ? this.taken.splice(nth, 1) : [];
    this.say(defined(head, "a chain to give back"));
  }

  /** Says that it gives any number back: a lie, unless that is a chain of its own. */
  say(id: number, step = 1): void {
    const { used, size } = defined(this.ring, "a ring");
    this.walk.give(this.words(used, usedBytes(size)), size, id, 0, step);
  }

  /** Memory at an address. */
  private words(address: number, byteCount: number): DataView {
    return new DataView(this.kernel.guest.memory.buffer, address, byteCount);
  }
}

function expectZero(value: number | undefined): void {
  if (value !== 0) {
    throw new Error("an address beyond 4 GiB");
  }
}
