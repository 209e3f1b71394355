// The split ring of a virtio device (virtio 1.2, 2.7), as the device walks it: for each model of a device, here and in the tests.

const PAGE_BYTES = 4096;
const DESCRIPTOR_BYTES = 16;
/** Bits of a descriptor's flags. */
const NEXT = 1;
const WRITES = 2;

/** The driver, or the kernel that writes for it, broke a rule of the specification. */
export class DriverMistake extends Error {}

/** Where the parts of a ring are. */
export interface RingPlaces {
  readonly size: number;
  readonly descriptors: number;
  readonly available: number;
  readonly used: number;
}

export interface Descriptor {
  readonly id: number;
  readonly address: bigint;
  readonly bytes: number;
  readonly writes: boolean;
}

/** Where the parts are when a legacy device is told one page (2.7.2). */
export function legacyPlaces(page: number, size: number): RingPlaces {
  const descriptors = page * PAGE_BYTES;
  const available = descriptors + DESCRIPTOR_BYTES * size;
  const end = available + availableBytes(size);
  return { size, descriptors, available, used: Math.ceil(end / PAGE_BYTES) * PAGE_BYTES };
}

export function descriptorBytes(size: number): number {
  return DESCRIPTOR_BYTES * size;
}

export function availableBytes(size: number): number {
  return 6 + 2 * size;
}

export function usedBytes(size: number): number {
  return 6 + 8 * size;
}

/** The descriptors of the chain that begins at `head`, as they stand in the table of `size` now. */
export function chainAt(table: DataView, size: number, head: number): Descriptor[] {
  const chain: Descriptor[] = [];
  for (let id = head, more = true; more; ) {
    if (id >= size || chain.length === size) {
      throw new DriverMistake("a chain leaves the ring, or never ends");
    }
    const at = DESCRIPTOR_BYTES * id;
    const flags = table.getUint16(at + 12, true);
    if ((flags & ~(NEXT | WRITES)) !== 0) {
      throw new DriverMistake(`descriptor flags ${flags}`);
    }
    chain.push({
      id,
      address: table.getBigUint64(at, true),
      bytes: table.getUint32(at + 8, true),
      writes: (flags & WRITES) !== 0,
    });
    more = (flags & NEXT) !== 0;
    id = table.getUint16(at + 14, true);
  }
  return chain;
}

/** How far a device has come in its ring. */
export class RingWalk {
  private availableIndex = 0;
  private usedIndex = 0;

  /** The heads of the chains that are new in the available ring. */
  takeNew(available: DataView, size: number): number[] {
    const index = available.getUint16(2, true);
    if (((index - this.availableIndex) & 0xffff) > size) {
      throw new DriverMistake("more chains are offered than the ring has descriptors");
    }
    const heads: number[] = [];
    while (this.availableIndex !== index) {
      heads.push(available.getUint16(4 + 2 * (this.availableIndex % size), true));
      this.availableIndex = (this.availableIndex + 1) & 0xffff;
    }
    return heads;
  }

  /** Writes an entry of the used ring, and moves its index by `step`. */
  give(used: DataView, size: number, id: number, length: number, step: number): void {
    const entry = 4 + 8 * (this.usedIndex % size);
    used.setUint32(entry, id, true);
    used.setUint32(entry + 4, length, true);
    this.usedIndex = (this.usedIndex + step) & 0xffff;
    used.setUint16(2, this.usedIndex, true);
  }

  /** How many answers it has given, as the used ring says. */
  get given(): number {
    return this.usedIndex;
  }
}
