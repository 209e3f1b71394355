// A block device that lies. It keeps the rules of memory (it follows the descriptors that it has, and stops at a reset), so
// that what it reaches is the kernel's and the driver's doing. All that it says may be wrong: each register, the used ring,
// the status of a request, and when.

import { VirtioRegister as register } from "../../../../build/gen/host/source/abi/virtio.ts";
import { Broken, promise } from "../../engine/target.ts";
import {
  availableBytes,
  chainAt,
  descriptorBytes,
  legacyPlaces,
  type RingPlaces,
  RingWalk,
  usedBytes,
} from "./split-ring.ts";

const SECTOR_BYTES = 512;
const MAGIC = 0x7472_6976;
const BLOCK_DEVICE = 2;
const RESTLESS = 0xff;
const interrupt = { used: 1, config: 2 } as const;
const NEEDS_RESET = 64;
/** INDIRECT_DESC, EVENT_IDX and FLUSH, which a driver has to leave alone, SEG_MAX, RO and BLK_SIZE. */
const FEATURES = (1n << 28n) | (1n << 29n) | (1n << 9n) | (1n << 2n) | (1n << 5n) | (1n << 6n);
const SIZE_MAX = 1n << 1n;
const VERSION_ONE = 1n << 32n;

/** What the device says that it is. */
export interface Identity {
  readonly version: 1 | 2;
  readonly queueSizeMax: number;
  readonly sectors: bigint;
  readonly blockBytes: number;
  readonly segMax: number;
  /** 0: it has no such limit. */
  readonly sizeMax: number;
  /** Feature bits that are said the other way round. */
  readonly turned: bigint;
}

export interface Piece {
  readonly address: number;
  readonly bytes: number;
  readonly writes: boolean;
  readonly id: number;
}

/** A request that the device took. */
export interface Chain {
  readonly head: number;
  readonly pieces: readonly Piece[];
  readonly sector: bigint;
  /** The status byte that the device wrote. */
  status: number | undefined;
  /** All data was written, as it stands on the disk. */
  hasData: boolean;
  /** The kernel has read that the device gives it back. */
  kernelRead: boolean;
  /** The driver has read that, with this length. */
  driverRead: number | undefined;
}

/** What to get wrong about one answer. */
export interface Lies {
  readonly id?: number;
  readonly length?: number;
  /** null: none is written. */
  readonly status?: number | null;
  readonly step?: number;
  readonly withoutData?: boolean;
}

interface Lie {
  readonly value: number;
  readonly isAdded: boolean;
  reads: number;
}

/** The memory that the device may reach, as the judge knows it. */
export interface Reach {
  memory(): DataView;
  /** Throws unless all of it is pinned for the device. */
  check(piece: Piece): void;
  /** The device took a chain. Throws if a descriptor of it is in use. */
  took(chain: Chain): void;
  /** The device was reset: it has nothing any more. */
  forgot(): void;
}

export class LyingDevice {
  identity: Identity;
  /** Chains that it has and has not answered. */
  pending: Chain[] = [];
  resets = 0;
  /** Reads of Status that show the old one after a reset; RESTLESS: it never ends. */
  slowness = 0;
  /** The value that was read of Status last. */
  statusSeen = 0;
  interruptStatus = 0;
  private readonly reach: Reach;
  private readonly lies = new Map<number, Lie>();
  private readonly written = new Map<number, number>();
  private status = 0;
  private before: { status: number; polls: number } | undefined;
  private generation = 0;
  private isReady = false;
  private walk = new RingWalk();

  constructor(identity: Identity, reach: Reach) {
    this.identity = identity;
    this.reach = reach;
  }

  /** Whether it has a ring. */
  get hasRing(): boolean {
    return this.isReady;
  }

  get sectors(): bigint {
    return this.identity.sectors;
  }

  /** The next reads of a register give this value, or the true one with it added. */
  lieAbout(offset: number, lie: Lie): void {
    this.lies.set(offset, lie);
  }

  /** From now on it is another device, which tells the truth. */
  becomeHonest(identity: Identity): void {
    this.identity = identity;
    this.lies.clear();
    this.slowness = 0;
    this.before &&= { ...this.before, polls: 0 };
  }

  /** The configuration changes under way. */
  change(identity: Identity, isTold: boolean): void {
    this.identity = identity;
    if (isTold) {
      this.generation++;
      this.interruptStatus |= interrupt.config;
    }
  }

  askForReset(): void {
    this.status |= NEEDS_RESET;
    this.interruptStatus |= interrupt.config;
  }

  read(offset: number): number {
    let value = this.truth(offset);
    const lie = this.lies.get(offset);
    if (lie !== undefined && lie.reads > 0) {
      lie.reads -= lie.reads === RESTLESS ? 0 : 1;
      value = (lie.isAdded ? value + lie.value : lie.value) >>> 0;
    }
    if (offset === register.Status) {
      this.statusSeen = value;
      // A device that says that it is reset is taken at its word, also by the judge.
      if (value === 0 && (this.before !== undefined || this.status !== 0)) {
        this.forget();
      }
    }
    return value;
  }

  private truth(offset: number): number {
    const { identity } = this;
    switch (offset) {
      case register.MagicValue:
        return MAGIC;
      case register.Version:
        return identity.version;
      case register.DeviceId:
        return BLOCK_DEVICE;
      case register.DeviceFeatures:
        return this.features;
      case register.QueueNumMax:
        return identity.queueSizeMax;
      case register.QueueReady:
      case register.QueuePfn:
        return this.isReady ? 1 : 0;
      case register.InterruptStatus:
        return this.interruptStatus;
      case register.Status:
        return this.statusNow();
      case register.ConfigGeneration:
        return this.generation;
      default:
        return offset >= register.Config ? this.config(offset - register.Config) : 0;
    }
  }

  private statusNow(): number {
    const { before } = this;
    if (before === undefined) {
      return this.status;
    }
    if (before.polls === 0) {
      this.forget();
      return this.status;
    }
    before.polls -= before.polls === RESTLESS ? 0 : 1;
    return before.status;
  }

  private get features(): number {
    const { version, sizeMax, turned } = this.identity;
    const own = FEATURES | (sizeMax === 0 ? 0n : SIZE_MAX) | (version === 2 ? VERSION_ONE : 0n);
    const half = BigInt(32 * ((this.written.get(register.DeviceFeaturesSel) ?? 0) & 1));
    return Number(((own ^ turned) >> half) & 0xffff_ffffn);
  }

  private config(offset: number): number {
    const { sectors, sizeMax, segMax, blockBytes } = this.identity;
    const fields = [Number(sectors & 0xffff_ffffn), Number(sectors >> 32n), sizeMax, segMax, 0, blockBytes];
    return fields[offset / 4] ?? 0;
  }

  /** The kernel writes a register. */
  write(offset: number, value: number): void {
    this.written.set(offset, value);
    if (offset === register.Status) {
      this.writeStatus(value);
    } else if (offset === register.QueueReady || offset === register.QueuePfn) {
      this.isReady = value !== 0;
    } else if (offset === register.QueueNotify) {
      this.look();
    } else if (offset === register.InterruptAck) {
      this.interruptStatus &= ~value;
    }
  }

  private writeStatus(value: number): void {
    if (value !== 0) {
      this.status = value;
      return;
    }
    this.resets++;
    this.before = { status: this.status === 0 ? 1 : this.status, polls: this.slowness };
    if (this.slowness === 0) {
      this.forget();
    }
  }

  /** A reset is over. */
  private forget(): void {
    this.before = undefined;
    this.status = 0;
    this.interruptStatus = 0;
    this.isReady = false;
    this.pending = [];
    this.walk = new RingWalk();
    this.written.clear();
    this.reach.forgot();
  }

  private get ring(): RingPlaces {
    const of = (offset: number): number => this.written.get(offset) ?? 0;
    const size = of(register.QueueNum);
    if (this.identity.version === 2 && of(register.QueuePfn) === 0) {
      return {
        size,
        descriptors: of(register.QueueDescLow),
        available: of(register.QueueDriverLow),
        used: of(register.QueueDeviceLow),
      };
    }
    return legacyPlaces(of(register.QueuePfn), size);
  }

  /** Takes what is new in the available ring. */
  look(): void {
    if (!this.isReady) {
      return;
    }
    const { size, available } = this.ring;
    for (const head of this.walk.takeNew(this.words(available, availableBytes(size)), size)) {
      const chain = this.follow(head);
      this.reach.took(chain);
      this.pending.push(chain);
    }
  }

  private words(address: number, byteCount: number): DataView {
    const { buffer, byteOffset } = this.reach.memory();
    return new DataView(buffer, byteOffset + address, byteCount);
  }

  private follow(head: number): Chain {
    const { size, descriptors } = this.ring;
    const pieces = chainAt(this.words(descriptors, descriptorBytes(size)), size, head).map((piece) => ({
      ...piece,
      address: Number(piece.address),
    }));
    for (const piece of pieces) {
      this.reach.check(piece);
    }
    const [header, status] = [pieces[0], pieces.at(-1)];
    const isRead = pieces.length >= 3 && header?.bytes === 16 && status?.bytes === 1;
    const isInOrder = pieces.every(({ writes }, index) => writes === index > 0);
    if (!isRead || !isInOrder || header === undefined) {
      throw new Broken("a request has another shape than header, data and status");
    }
    const view = this.reach.memory();
    promise(view.getUint32(header.address, true) === 0, "the device is asked for something else than a read");
    const sector = view.getBigUint64(header.address + 8, true);
    return {
      head,
      pieces,
      sector,
      status: undefined,
      hasData: false,
      kernelRead: false,
      driverRead: undefined,
    };
  }

  /** Answers the `nth` chain that it has. */
  finish(nth: number, lies: Lies = {}): void {
    const [chain] = this.pending.splice(nth % Math.max(1, this.pending.length), 1);
    if (chain === undefined) {
      return;
    }
    const view = this.reach.memory();
    let at = chain.sector * BigInt(SECTOR_BYTES);
    let written = 0;
    const data = chain.pieces.slice(1, -1);
    for (const piece of data) {
      this.reach.check(piece);
      if (!lies.withoutData) {
        for (let n = 0; n < piece.bytes; n++) {
          view.setUint8(piece.address + n, diskByte(at++));
        }
      }
      written += piece.bytes;
    }
    chain.hasData = !lies.withoutData;
    const status = lies.status === undefined ? 0 : lies.status;
    if (status !== null) {
      chain.status = status;
      view.setUint8(chain.pieces.at(-1)?.address ?? 0, status);
    }
    this.say(lies.id ?? chain.head, lies.length ?? written + 1, lies.step ?? 1);
  }

  /** Writes an entry of the used ring, and says that there are `step` more. */
  say(id: number, length: number, step: number): void {
    if (!this.isReady) {
      return;
    }
    const { used, size } = this.ring;
    this.walk.give(this.words(used, usedBytes(size)), size, id, length, step);
    this.interruptStatus |= interrupt.used;
  }

  /** Writes any word of the used ring. */
  scribble(word: number, value: number): void {
    if (this.isReady) {
      const { used, size } = this.ring;
      this.reach.memory().setUint32(used + 4 * (word % (1 + 2 * size)), value, true);
    }
  }
}

/** The byte at an offset of the disk: no two neighbouring sectors are alike. */
export function diskByte(offset: bigint): number {
  const sector = Number(BigInt.asUintN(40, offset / BigInt(SECTOR_BYTES)));
  return (sector * 31 + Number(offset % BigInt(SECTOR_BYTES)) * 7 + 1) & 0xff;
}
