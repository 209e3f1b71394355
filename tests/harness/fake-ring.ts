// The memory side of the fake device: what a bus address reaches, and the split ring in it as a device walks it.
//
// There is no IOMMU in the system, so a driver's stray descriptor would reach anything. Here it reaches only the
// windows that the test opened; everything else throws a `DriverMistake`, and so does a chain of the wrong shape.

/** A bus address is a guest address plus this, so that one taken for the other is noticed. */
export const BUS_OFFSET = 0x4_0000_0000n;

/** The driver broke a rule of the specification, or reached for memory that it was not given. */
export class DriverMistake extends Error {}

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
  private availableIndex = 0;
  private usedIndex = 0;

  constructor(bus: FakeBus) {
    this.bus = bus;
  }

  /** Where the parts are when a legacy device is told one page (2.7.2). */
  layOutLegacy(page: bigint): void {
    this.desc = page * 4096n;
    this.driver = this.desc + 16n * BigInt(this.num);
    const end = this.driver + 6n + 2n * BigInt(this.num);
    this.device = ((end + 4095n) / 4096n) * 4096n;
  }

  /** The whole ring lies in windows, and nothing stands in it. */
  checkEmpty(): void {
    const parts = [
      this.bus.reach(this.desc, 16 * this.num),
      this.bus.reach(this.driver, 6 + 2 * this.num),
      this.bus.reach(this.device, 6 + 8 * this.num),
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
    const available = this.bus.words(this.driver, 6 + 2 * this.num);
    const index = available.getUint16(2, true);
    while (this.availableIndex !== index) {
      const head = available.getUint16(4 + 2 * (this.availableIndex % this.num), true);
      this.pending.push(this.readChain(head));
      this.availableIndex = (this.availableIndex + 1) & 0xffff;
    }
    if (this.pending.length > this.num) {
      throw new DriverMistake("more chains than descriptors");
    }
  }

  /** Writes a used entry, and moves used.idx by `step`. */
  pushUsed(id: number, length: number, step: number): void {
    const used = this.bus.words(this.device, 6 + 8 * this.num);
    const entry = 4 + 8 * (this.usedIndex % this.num);
    used.setUint32(entry, id, true);
    used.setUint32(entry + 4, length, true);
    this.usedIndex = (this.usedIndex + step) & 0xffff;
    used.setUint16(2, this.usedIndex, true);
  }

  /** Follows a chain, and holds it to the shape of a read (5.2.6). */
  private readChain(head: number): Chain {
    const table = this.bus.words(this.desc, 16 * this.num);
    const pieces: Piece[] = [];
    for (let id = head, more = true; more; ) {
      if (id >= this.num || pieces.length === this.num) {
        throw new DriverMistake("a chain leaves the ring, or never ends");
      }
      const flags = table.getUint16(16 * id + 12, true);
      if (flags > 3) {
        throw new DriverMistake(`descriptor flags ${flags}`);
      }
      const piece = {
        address: table.getBigUint64(16 * id, true),
        byteCount: table.getUint32(16 * id + 8, true),
        writable: (flags & 2) !== 0,
      };
      this.bus.reach(piece.address, piece.byteCount);
      pieces.push(piece);
      more = (flags & 1) !== 0;
      id = table.getUint16(16 * id + 14, true);
    }
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
