// What has to hold between the reads that a client asked for, the chains that the device was given, and the answers that the
// client got, whatever the device says.

import { promise } from "../../engine/target.ts";
import { type Chain, diskByte, type Piece, type Reach } from "./device.ts";
import { BUFFER_BYTES, BUFFERS } from "./guest.ts";

const SECTOR_BYTES = 512;
/** What stands in the memory of a read before. */
const POISON = 0xee;

/** How a read ended (source/drivers/storage/virtio-blk/table.ts). */
const outcome = { ok: 0, deviceError: 1, unsupported: 2, timedOut: 3, aborted: 4, lost: 5 } as const;
/** The status byte that a device writes for an answer that is no fault. */
const statusOf: readonly number[] = [0, 1, 2];

interface Read {
  readonly lba: bigint;
  readonly count: number;
  readonly buffer: number;
  readonly deadline: bigint;
  /** Resets before it. */
  readonly resets: number;
  chain: Chain | undefined;
}

/** How a read ended, as the driver says. */
export interface Completed {
  readonly tag: number;
  readonly lba: bigint;
  readonly count: number;
  readonly outcome: number;
}

/** What the judge asks the device for. */
export interface Witness {
  readonly resets: number;
  readonly statusSeen: number;
  pending: Chain[];
}

/** Memory that is pinned. */
interface Pinned {
  readonly base: number;
  readonly bytes: number;
}

export class Judge implements Reach {
  /** Whether the driver may take the device for a legacy one. */
  mayBeLegacy: boolean;
  device: Witness | undefined;
  private readonly view: DataView;
  private readonly pins: readonly Pinned[];
  private readonly buffers: number;
  private readonly reads = new Map<number, Read>();
  /** Reads that were lost: the device may still take them, and their memory stays with it. */
  private readonly lost = new Map<number, Read>();
  /** By buffer. */
  private readonly owners: (number | undefined)[] = Array.from({ length: BUFFERS }, () => undefined);
  /** Chains since the last reset. */
  private chains: Chain[] = [];
  /** Those before it: their answers can be read in the old ring for as long as there is no new one. */
  private before: Chain[] = [];
  private nextTag = 1;

  /** @param buffers where the memory of the reads begins */
  constructor(memory: DataView, pins: readonly Pinned[], buffers: number, mayBeLegacy: boolean) {
    this.view = memory;
    this.pins = pins;
    this.buffers = buffers;
    this.mayBeLegacy = mayBeLegacy;
  }

  memory(): DataView {
    return this.view;
  }

  check({ address, bytes }: Piece): void {
    const isPinned = this.pins.some((pin) => pin.base <= address && address + bytes <= pin.base + pin.bytes);
    promise(bytes > 0 && isPinned, "a descriptor names memory that is not pinned");
  }

  took(chain: Chain): void {
    const ids = new Set(chain.pieces.map(({ id }) => id));
    for (const earlier of this.chains) {
      const isFree = earlier.kernelRead || earlier.pieces.every(({ id }) => !ids.has(id));
      promise(isFree, "a descriptor is used again that the device has");
    }
    this.chains.push(chain);
    this.before = [];
    const data = chain.pieces.slice(1, -1);
    const tag = this.owners[Math.floor(((data[0]?.address ?? 0) - this.buffers) / BUFFER_BYTES)];
    const read = tag === undefined ? undefined : (this.reads.get(tag) ?? this.lost.get(tag));
    if (read === undefined) {
      promise(false, "the device gets a read that no client waits for");
      return;
    }
    const bytes = data.reduce((sum, piece) => sum + piece.bytes, 0);
    promise(
      chain.sector === read.lba && bytes === read.count * SECTOR_BYTES,
      "the device is asked for other sectors than the driver was",
    );
    read.chain = chain;
  }

  forgot(): void {
    this.before = this.chains.length > 0 ? this.chains : this.before;
    this.chains = [];
  }

  /** An entry of the used ring was read. The device is taken at its word: it has nothing of that chain any more. */
  saw(reader: "kernel" | "driver", id: number, length: number): void {
    for (const chain of [...this.before, ...this.chains]) {
      if (chain.head !== id) {
        continue;
      }
      if (reader === "kernel") {
        chain.kernelRead = true;
      } else {
        chain.driverRead ??= length;
      }
      if (this.device !== undefined) {
        this.device.pending = this.device.pending.filter((other) => other !== chain);
      }
    }
  }

  /** Memory for a new read. Undefined: there is none. */
  begin(lba: bigint, count: number, deadline: bigint): { tag: number; offset: number } | undefined {
    const buffer = this.owners.indexOf(undefined);
    if (buffer < 0) {
      return undefined;
    }
    const tag = this.nextTag++;
    const offset = buffer * BUFFER_BYTES;
    this.owners[buffer] = tag;
    this.reads.set(tag, {
      lba,
      count,
      buffer,
      deadline,
      resets: this.device?.resets ?? 0,
      chain: undefined,
    });
    new Uint8Array(this.view.buffer).fill(
      POISON,
      this.buffers + offset,
      this.buffers + offset + BUFFER_BYTES,
    );
    return { tag, offset };
  }

  /** The driver refused the read. */
  refused(tag: number): void {
    const read = this.reads.get(tag);
    promise(read?.chain === undefined, "a read was refused that the device got");
    this.letGo(tag);
  }

  private letGo(tag: number): void {
    const read = this.reads.get(tag);
    this.reads.delete(tag);
    if (read !== undefined) {
      this.owners[read.buffer] = undefined;
    }
  }

  /** How many reads were not answered. */
  get waiting(): number {
    return this.reads.size;
  }

  /** A read ended. */
  completed(done: Completed, now: bigint): void {
    const read = this.reads.get(done.tag);
    if (read === undefined) {
      promise(false, "a read ends that nobody asked for, or a second time");
      return;
    }
    promise(
      read.lba === done.lba && read.count === done.count,
      "another read ends than the one that was asked for",
    );
    if (done.outcome === outcome.lost) {
      promise(this.device?.statusSeen !== 0, "a read is lost although the device was reset");
      this.reads.delete(done.tag);
      this.lost.set(done.tag, read);
      return;
    }
    this.judge(read, done.outcome, now);
    const { chain } = read;
    const isBack = chain === undefined || chain.driverRead !== undefined || !this.chains.includes(chain);
    promise(isBack, "a read ends whose memory the device has");
    this.letGo(done.tag);
  }

  private judge(read: Read, how: number, now: bigint): void {
    const { chain } = read;
    if (how === outcome.timedOut) {
      // A read that could not be offered, since the device had contradicted itself, is due at once.
      const isDue = read.deadline <= now || (this.device?.resets ?? 0) > read.resets;
      promise(isDue, "a read timed out before its deadline, and without a reset");
    } else if (how === outcome.aborted) {
      promise((this.device?.resets ?? 0) > read.resets, "a read was aborted without a reset");
    } else {
      promise(chain?.driverRead !== undefined, "a read is answered that the device did not give back");
      promise(
        chain?.status === statusOf[how],
        "a read is answered with a status that the device did not write",
      );
    }
    if (how === outcome.ok && chain !== undefined) {
      const isWhole = this.mayBeLegacy || chain.driverRead === read.count * SECTOR_BYTES + 1;
      promise(isWhole, "a read is good of which the device did not write every byte");
      promise(!chain.hasData || this.isOnDisk(read), "a good read has other bytes than the disk");
    }
  }

  private isOnDisk({ lba, count, buffer }: Read): boolean {
    const { view } = this;
    const from = lba * BigInt(SECTOR_BYTES);
    for (let n = 0; n < count * SECTOR_BYTES; n++) {
      if (view.getUint8(this.buffers + buffer * BUFFER_BYTES + n) !== diskByte(from + BigInt(n))) {
        return false;
      }
    }
    return true;
  }

  /** The kernel would let go of what is pinned as `number`. */
  mayGo(number: number): void {
    const { base = 0, bytes = 0 } = this.pins[number] ?? {};
    const names = ({ pieces }: Chain): boolean =>
      pieces.some(({ address }) => base <= address && address < base + bytes);
    promise(
      this.chains.every((chain) => chain.kernelRead || !names(chain)),
      "memory may be unpinned that the device has",
    );
  }
}
