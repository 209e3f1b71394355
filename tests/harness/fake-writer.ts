// The kernel's part of a virtio device, in front of a fake one: what source/kernel/neuron/src/dma and syscall/dma.ts do.
// Memory is pinned and gets a number; a driver's pieces are checked against their pins and become descriptors, in a ring
// that the driver can only read the used part of.

import {
  devicePinsMax,
  offerTells,
  pageBytes,
  pieceMore,
  pieceWrites,
  Refusal,
  VirtioRegister as register,
} from "./abi.ts";
import { defined } from "./defined.ts";

/** Where the next ring is, or what is pinned next: beyond what a guest's addresses can name. */
let nextPlace = 2 ** 33;

/** The device, as the kernel reaches it. */
interface Device {
  /** Where the guest sees the used ring. */
  usedAddress: number;
  readRegister(register: number): number;
  writeRegister(register: number, value: number): void;
  window(address: number, byteCount: number, bytes: () => Uint8Array): bigint;
  closeWindow(start: bigint): void;
  usesOf(start: bigint): number;
}

interface Pin {
  /** Its bus address, and how many bytes there are. */
  readonly bus: bigint;
  readonly byteCount: number;
  inFlight: number;
}

interface Queue {
  readonly size: number;
  readonly bus: bigint;
  readonly usedOffset: number;
  /** Descriptors and available ring, and the used ring. */
  readonly ring: DataView;
  readonly used: () => DataView;
  free: number[];
  /** The descriptors of each chain that the device has, by its head, and of the one that is being offered. */
  readonly chains: Map<number, readonly Descriptor[]>;
  open: Descriptor[];
  available: number;
  usedIndex: number;
  isBroken: boolean;
}

interface Descriptor {
  readonly id: number;
  readonly pin: Pin;
  readonly writes: boolean;
}

/** The features that a driver may accept. */
const FEATURES = 0xff_ffffn | (1n << 32n);

export class FakeWriter {
  private readonly device: Device;
  private readonly pins: (Pin | undefined)[] = Array.from({ length: devicePinsMax }, () => undefined);
  private queue: Queue | undefined;
  /** Status was written 0, and was not read as that yet. */
  private isResetting = false;
  /** Requests that the device had not finished when memory that they name was let go. */
  unpinnedUnderWay = 0;

  constructor(device: Device) {
    this.device = device;
  }

  /** Opens memory for DMA. Its number, or undefined if the device's pool is full. */
  pin(byteCount: number, bytes: () => Uint8Array): number | undefined {
    const number = this.pins.indexOf(undefined);
    if (number < 0) {
      return undefined;
    }
    const bus = this.device.window(place(byteCount), byteCount, bytes);
    this.pins[number] = { bus, byteCount, inFlight: 0 };
    return number;
  }

  /** The bus address of what is pinned under a number. */
  busOf(number: number): bigint {
    return defined(this.pins[number], "a pin").bus;
  }

  unpin(number: number, taken: number): number {
    const pin = this.pins[number];
    if (number >= devicePinsMax) {
      return Refusal.BadArgument;
    }
    if (!pin) {
      return Refusal.BadState;
    }
    if (pin.inFlight > 0) {
      this.collect(taken);
    }
    if (pin.inFlight > 0) {
      return Refusal.BadState;
    }
    this.forget(number);
    return 0;
  }

  /** After a reset: nothing is pinned any more. */
  unpinAll(): number {
    if (!this.isReset()) {
      return Refusal.BadState;
    }
    for (const [number, pin] of this.pins.entries()) {
      if (pin) {
        this.forget(number);
      }
    }
    return 0;
  }

  writeRegister(to: bigint, value: bigint): number {
    if (to === BigInt(register.Status)) {
      if (value > 0xffn) {
        return Refusal.BadArgument;
      }
      this.isReset();
      this.isResetting ||= value === 0n;
    } else if (to === BigInt(register.DriverFeatures)) {
      return this.acceptFeatures(value);
    } else if (
      to !== BigInt(register.DeviceFeaturesSel) &&
      !(to === BigInt(register.QueueSel) && value === 0n)
    ) {
      return Refusal.BadArgument;
    }
    this.device.writeRegister(Number(to), Number(value));
    return 0;
  }

  private acceptFeatures(value: bigint): number {
    if ((value & ~FEATURES) !== 0n) {
      return Refusal.BadArgument;
    }
    this.device.writeRegister(register.DriverFeaturesSel, 0);
    this.device.writeRegister(register.DriverFeatures, Number(value & 0xffff_ffffn));
    if (this.isModern) {
      this.device.writeRegister(register.DriverFeaturesSel, 1);
      this.device.writeRegister(register.DriverFeatures, Number(value >> 32n));
    }
    return 0;
  }

  private get isModern(): boolean {
    return this.device.readRegister(register.Version) === 2;
  }

  /** Sets a ring up whose used part is in the page that `used` gives, which the guest sees at `address`. */
  setUpQueue(size: number, address: number, used: () => Uint8Array): number {
    const { device } = this;
    if (this.isReset() || this.isResetting) {
      return Refusal.BadState;
    }
    const isInUse = device.readRegister(this.isModern ? register.QueueReady : register.QueuePfn) !== 0;
    if (this.queue || isInUse) {
      return Refusal.BadState;
    }
    if (size > device.readRegister(register.QueueNumMax)) {
      return Refusal.BadArgument;
    }
    const usedOffset = pageBytes * Math.ceil((16 * size + 6 + 2 * size) / pageBytes);
    const at = place(usedOffset + pageBytes);
    const ring = new Uint8Array(usedOffset);
    const bus = device.window(at, usedOffset, () => ring);
    device.window(at + usedOffset, pageBytes, used);
    used().fill(0);
    const words = (): DataView => new DataView(used().buffer, used().byteOffset, pageBytes);
    this.queue = {
      size,
      bus,
      usedOffset,
      ring: new DataView(ring.buffer),
      used: words,
      free: Array.from({ length: size }, (_, id) => id),
      chains: new Map(),
      open: [],
      available: 0,
      usedIndex: 0,
      isBroken: false,
    };
    device.usedAddress = address;
    this.startQueue(this.queue);
    return 0;
  }

  private startQueue({ size, bus, usedOffset }: Queue): void {
    const { device } = this;
    device.writeRegister(register.QueueNum, size);
    if (!this.isModern) {
      device.writeRegister(register.GuestPageSize, pageBytes);
      device.writeRegister(register.QueueAlign, pageBytes);
      device.writeRegister(register.QueuePfn, Number(bus / BigInt(pageBytes)));
      return;
    }
    const parts = { QueueDescLow: 0, QueueDriverLow: 16 * size, QueueDeviceLow: usedOffset } as const;
    for (const [low, offset] of Object.entries(parts)) {
      const address = bus + BigInt(offset);
      const to = register[low as keyof typeof parts];
      device.writeRegister(to, Number(address & 0xffff_ffffn));
      device.writeRegister(to + 4, Number(address >> 32n));
    }
    device.writeRegister(register.QueueReady, 1);
  }

  /** The head of the chain, or a Refusal. */
  offer(order: bigint, pieces: readonly bigint[]): number {
    const { queue } = this;
    if (!queue || !this.collect(Number(order & 0xffffn))) {
      return Refusal.BadState;
    }
    const count = pieces.indexOf(0n);
    const head = count === 0 ? 0 : this.addChain(queue, count < 0 ? pieces : pieces.slice(0, count));
    const suppressed = (queue.used().getUint16(0, true) & 1) !== 0;
    if ((order & BigInt(offerTells)) !== 0n && head >= 0 && !suppressed) {
      this.device.writeRegister(register.QueueNotify, 0);
    }
    return head;
  }

  private addChain(queue: Queue, pieces: readonly bigint[]): number {
    for (const piece of pieces) {
      const refusal = this.addPiece(queue, piece);
      if (refusal !== 0) {
        this.release(queue, queue.open);
        queue.open = [];
        return refusal;
      }
    }
    const chain = queue.open;
    const head = defined(chain[0]).id;
    if ((defined(pieces.at(-1)) & pieceMore) !== 0n) {
      return head;
    }
    queue.open = [];
    queue.chains.set(head, chain);
    const available = 16 * queue.size;
    queue.ring.setUint16(available + 4 + 2 * (queue.available % queue.size), head, true);
    queue.available = (queue.available + 1) & 0xffff;
    queue.ring.setUint16(available + 2, queue.available, true);
    return head;
  }

  private addPiece(queue: Queue, piece: bigint): number {
    const offset = Number(piece & 0x3ff_ffffn);
    const byteCount = Number((piece >> 26n) & 0x7ff_ffffn);
    const pin = this.pins[Number((piece >> 53n) & 0xffn)];
    const writes = (piece & pieceWrites) !== 0n;
    if (!pin || byteCount === 0 || offset > pin.byteCount || byteCount > pin.byteCount - offset) {
      return Refusal.BadArgument;
    }
    const before = queue.open.at(-1);
    if (!writes && before?.writes) {
      return Refusal.BadArgument;
    }
    const id = queue.free.shift();
    if (id === undefined) {
      return Refusal.TableFull;
    }
    pin.inFlight++;
    const { ring } = queue;
    ring.setBigUint64(16 * id, pin.bus + BigInt(offset), true);
    ring.setUint32(16 * id + 8, byteCount, true);
    ring.setUint32(16 * id + 12, writes ? 2 : 0, true);
    if (before) {
      ring.setUint16(16 * before.id + 12, before.writes ? 3 : 1, true);
      ring.setUint16(16 * before.id + 14, id, true);
    }
    queue.open.push({ id, pin, writes });
    return 0;
  }

  /** Frees what the device has given back and the driver has taken. False for an answer that cannot be true. */
  private collect(taken: number): boolean {
    const { queue } = this;
    if (!queue || queue.isBroken) {
      return false;
    }
    const used = queue.used();
    const pending = (used.getUint16(2, true) - queue.usedIndex) & 0xffff;
    if (pending > queue.chains.size) {
      queue.isBroken = true;
      return false;
    }
    const count = Math.min(pending, (taken - queue.usedIndex) & 0xffff);
    for (let n = 0; n < count; n++) {
      const head = used.getUint32(4 + 8 * (queue.usedIndex % queue.size), true);
      const chain = queue.chains.get(head);
      if (!chain) {
        queue.isBroken = true;
        return false;
      }
      this.release(queue, chain);
      queue.chains.delete(head);
      queue.usedIndex = (queue.usedIndex + 1) & 0xffff;
    }
    return true;
  }

  private release(queue: Queue, chain: readonly Descriptor[]): void {
    for (const { id, pin } of chain) {
      pin.inFlight--;
      queue.free.push(id);
    }
  }

  /** Whether the device was reset. Then its queue has ended. */
  private isReset(): boolean {
    if (this.device.readRegister(register.Status) !== 0) {
      return false;
    }
    this.isResetting = false;
    this.endQueue();
    return true;
  }

  private endQueue(): void {
    if (!this.queue) {
      return;
    }
    this.device.closeWindow(this.queue.bus);
    this.device.closeWindow(this.queue.bus + BigInt(this.queue.usedOffset));
    this.queue = undefined;
    for (const pin of this.pins) {
      if (pin) {
        pin.inFlight = 0;
      }
    }
  }

  private forget(number: number): void {
    this.unpinnedUnderWay += this.device.usesOf(this.busOf(number));
    this.device.closeWindow(this.busOf(number));
    this.pins[number] = undefined;
  }
}

function place(byteCount: number): number {
  const at = nextPlace;
  nextPlace += pageBytes * (Math.ceil(byteCount / pageBytes) + 1);
  return at;
}
