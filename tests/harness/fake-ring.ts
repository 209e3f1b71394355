// The memory side of the fake device: what a bus address reaches, and the requests in its split ring.
//
// There is no IOMMU in the system, so a driver's stray descriptor would reach anything. Here it reaches only the
// windows that the test opened; everything else throws a `DriverMistake`, and so does a chain of the wrong shape.

import {
  availableBytes,
  chainAt,
  DriverMistake,
  descriptorBytes,
  legacyPlaces,
  RingWalk,
  usedBytes,
} from "../../tools/fuzz/targets/virtio/split-ring.ts";

export { DriverMistake };

/** A bus address is a guest address plus this, so that one taken for the other is noticed. */
export const BUS_OFFSET = 0x4_0000_0000n;

/** Memory that is open for DMA. */
interface Window {
  readonly start: bigint;
  readonly end: bigint;
  readonly bytes: () => Uint8Array;
}

/** The guest's memory as a device sees it. */
export class FakeBus {
  private memory: WebAssembly.Memory | undefined;
  private windows: Window[] = [];

  plug(memory: WebAssembly.Memory): void {
    this.memory = memory;
  }

  /**
   * Opens `byteCount` bytes for DMA, and gives their bus address: those at `address` of the guest's memory, or those that
   * `bytes` gives, wherever they are at the time.
   */
  window(address: number, byteCount: number, bytes?: () => Uint8Array): bigint {
    const start = BigInt(address) + BUS_OFFSET;
    const ofGuest = (): Uint8Array => new Uint8Array(this.buffer(), address, byteCount);
    this.windows.push({ start, end: start + BigInt(byteCount), bytes: bytes ?? ofGuest });
    return start;
  }

  /** Closes the windows that were opened at this bus address. */
  close(start: bigint): void {
    this.windows = this.windows.filter((window) => window.start !== start);
  }

  /** Whether memory at a bus address lies in the window that was opened at `start`. */
  isIn(start: bigint, address: bigint): boolean {
    return this.windows.some((window) => window.start === start && start <= address && address < window.end);
  }

  /** All of memory, by the guest's own addresses. */
  view(): DataView {
    return new DataView(this.buffer());
  }

  /** Memory at a bus address: only inside one window. */
  reach(address: bigint, byteCount: number): Uint8Array {
    const end = address + BigInt(byteCount);
    const window = this.windows.find((one) => one.start <= address && end <= one.end);
    if (!window) {
      throw new DriverMistake(
        `DMA to 0x${address.toString(16)}, ${byteCount} bytes: no window was opened there`,
      );
    }
    const at = Number(address - window.start);
    return window.bytes().subarray(at, at + byteCount);
  }

  words(address: bigint, byteCount: number): DataView {
    const bytes = this.reach(address, byteCount);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  private buffer(): ArrayBuffer {
    if (!this.memory) {
      throw new Error("plug(memory) comes before the first access");
    }
    return this.memory.buffer;
  }
}

/** One descriptor of a chain. */
export interface Piece {
  readonly address: bigint;
  readonly byteCount: number;
  readonly writable: boolean;
}

/** A request as the device took it from the available ring. */
export interface Chain {
  readonly head: number;
  readonly pieces: readonly Piece[];
  readonly type: number;
  readonly sector: bigint;
}

/** The device's side of a split ring (virtio 1.2, 2.7). All zeros until the driver sets it up. */
export class FakeRing {
  num = 0;
  align = 0;
  ready = false;
  desc = 0n;
  driver = 0n;
  device = 0n;
  /** The used entry that the driver reads next. */
  usedRead = 0;
  /** Chains that the device has and did not finish, in the order in which it took them. */
  readonly pending: Chain[] = [];
  private readonly bus: FakeBus;
  private readonly walk = new RingWalk();

  constructor(bus: FakeBus) {
    this.bus = bus;
  }

  /** Where the parts are when a legacy device is told one page (2.7.2). */
  layOutLegacy(page: bigint): void {
    const { descriptors, available, used } = legacyPlaces(Number(page), this.num);
    this.desc = BigInt(descriptors);
    this.driver = BigInt(available);
    this.device = BigInt(used);
  }

  /** The whole ring lies in windows, and nothing stands in it. */
  checkEmpty(): void {
    const parts = [
      this.bus.reach(this.desc, descriptorBytes(this.num)),
      this.bus.reach(this.driver, availableBytes(this.num)),
      this.bus.reach(this.device, usedBytes(this.num)),
    ];
    if (parts.some((part) => part.some((byte) => byte !== 0))) {
      throw new DriverMistake("the ring is not empty");
    }
  }

  /** used.flags = VIRTQ_USED_F_NO_NOTIFY. */
  suppressNotify(): void {
    this.bus.words(this.device, 2).setUint16(0, 1, true);
  }

  /** Takes what is new in the available ring. */
  look(): void {
    const available = this.bus.words(this.driver, availableBytes(this.num));
    for (const head of this.walk.takeNew(available, this.num)) {
      this.pending.push(this.readChain(head));
    }
    if (this.pending.length > this.num) {
      throw new DriverMistake("more chains than descriptors");
    }
  }

  /** Writes a used entry, and moves used.idx by `step`. */
  pushUsed(id: number, length: number, step: number): void {
    this.walk.give(this.bus.words(this.device, usedBytes(this.num)), this.num, id, length, step);
  }

  /** Follows a chain, and holds it to the shape of a read (5.2.6). */
  private readChain(head: number): Chain {
    const table = this.bus.words(this.desc, descriptorBytes(this.num));
    const pieces = chainAt(table, this.num, head).map(({ address, bytes, writes }): Piece => {
      this.bus.reach(address, bytes);
      return { address, byteCount: bytes, writable: writes };
    });
    const [header, status] = [pieces[0], pieces.at(-1)];
    const shape = pieces.every((piece, at) => piece.writable === at > 0);
    if (pieces.length < 3 || !shape || header?.byteCount !== 16 || status?.byteCount !== 1) {
      throw new DriverMistake("a request is a header of 16 bytes, data, and one byte of status");
    }
    const words = this.bus.words(header.address, 16);
    if (words.getUint32(4, true) !== 0) {
      throw new DriverMistake("the reserved word of the header is not 0");
    }
    return { head, pieces, type: words.getUint32(0, true), sector: words.getBigUint64(8, true) };
  }
}
