// A virtio-mmio block device in Node, behind the volatile intrinsics of a guest that runs as Wasm.
//
// It is honest in both directions. It obeys the specification to the letter: nothing is finished before the test says
// so (`finish`), memory is reached only through descriptors, and only inside the windows that the test opened (`window`:
// there is no IOMMU in the system, so a stray descriptor must be caught here). And it holds the driver to it: a step of
// the initialisation out of order, a register of the other version, an unaccepted feature, a missing fence or a chain
// of the wrong shape throws a `DriverMistake`. How it misbehaves is the test's choice: see `Lies` and `Mood`.
//
//     const device = new FakeBlockDevice({ version: 2, sectors: 2048n });
//     const g = await guest(entry, { imports: { intrinsics: device.intrinsics } });
//     device.plug(g.memory);

import {
  configField,
  contentByte,
  DISK_SECTOR_BYTES,
  type FakeDeviceOptions,
  goodMood,
  type Lies,
  type Mood,
  offeredFeatures,
} from "./fake-options.ts";
import { BUS_OFFSET, type Chain, DriverMistake, FakeBus, FakeRing } from "./fake-ring.ts";

/** Where the registers are unless a test says otherwise: beyond any Wasm memory of these tests. */
export const MMIO_BASE = 0x7000_0000;

const statusBit = { acknowledge: 1, driver: 2, driverOk: 4, featuresOk: 8, needsReset: 64, failed: 128 };

export class FakeBlockDevice {
  readonly mood: Mood = goodMood();
  /** How often the driver wrote to QueueNotify. */
  notifyCount = 0;
  resetCount = 0;
  /** What the configuration says; `changeSectors` also interrupts. */
  sectors: bigint;

  private readonly options: FakeDeviceOptions;
  private readonly base: number;
  private readonly bus = new FakeBus();
  private ring = new FakeRing(this.bus);
  private status = 0;
  private staleStatus = { value: 0, polls: 0 };
  private interruptStatus = 0;
  private generation = 0;
  private deviceFeaturesSel = 0;
  private driverFeaturesSel = 0;
  private accepted = 0n;
  private pageBytes = 0;
  /** The used entry that the driver reads next. */
  private usedSlotRead = 0;
  /** The last access or fence: what must come before what is checked with it. */
  private last = "";

  /** @param base where the guest sees the registers */
  constructor(options: FakeDeviceOptions, base = MMIO_BASE) {
    this.options = options;
    this.base = base;
    this.sectors = options.sectors;
  }

  /** Whether a guest address is one of its registers. */
  owns(address: number): boolean {
    return address >= this.base && address < this.base + 4096;
  }

  /** The imports of the guest. */
  readonly intrinsics = {
    volatileLoad8: (address: number): number => this.load(address >>> 0, 1),
    volatileLoad16: (address: number): number => this.load(address >>> 0, 2),
    volatileLoad32: (address: number): number => this.load(address >>> 0, 4) | 0,
    volatileStore8: (address: number, value: number): undefined => this.store(address >>> 0, 1, value >>> 0),
    volatileStore16: (address: number, value: number): undefined => this.store(address >>> 0, 2, value >>> 0),
    volatileStore32: (address: number, value: number): undefined => this.store(address >>> 0, 4, value >>> 0),
    fence: (): undefined => this.note("fence"),
    fenceIo: (): undefined => this.note("fenceIo"),
  };

  /** Gives the device the memory that its bus reaches. */
  plug(memory: WebAssembly.Memory): void {
    this.bus.plug(memory);
  }

  /** Opens `byteCount` bytes for DMA, and gives their bus address: of the guest's memory, or those that `bytes` gives. */
  window(address: number, byteCount: number, bytes?: () => Uint8Array): bigint {
    return this.bus.window(address, byteCount, bytes);
  }

  /** Closes what was opened at this bus address. */
  closeWindow(start: bigint): void {
    this.bus.close(start);
  }

  /** Chains that the device has and did not finish, in the order in which it took them. */
  get pending(): Chain[] {
    return this.ring.pending;
  }

  /** Whether the interrupt line is up. */
  get interrupts(): boolean {
    return this.interruptStatus !== 0;
  }

  /** Whether the driver has brought it up and not given up on it. */
  get isRunning(): boolean {
    return (this.status & statusBit.driverOk) !== 0 && !this.hasFailedBit;
  }

  get hasFailedBit(): boolean {
    return (this.status & statusBit.failed) !== 0;
  }

  get acceptedFeatures(): bigint {
    return this.accepted;
  }

  get queueSize(): number {
    return this.ring.num;
  }

  /** Finishes pending request `index`: data, status, used ring, interrupt. */
  finish(index = 0, lies: Lies = {}): void {
    const chain = this.pending.splice(index, 1)[0];
    if (!chain) {
      throw new Error(`the device has no pending request ${index}`);
    }
    this.complete(chain, lies);
  }

  /** Finishes everything, in the order that `pick` chooses from what is left (default: first come, first served). */
  finishAll(pick: (count: number) => number = () => 0): void {
    while (this.pending.length > 0) {
      this.finish(pick(this.pending.length));
    }
  }

  /** Announces an answer that belongs to no pending request: a late write, or plain nonsense. */
  pretend(lies: Lies): void {
    this.answer(lies.id ?? 0, lies.length ?? 0, lies.indexStep ?? 1);
  }

  /** Asks for a reset, as a version 2 device does when it finds a chain that it cannot use. */
  askForReset(): void {
    this.status |= statusBit.needsReset;
    this.interruptStatus |= 2;
  }

  /** Changes the capacity under way. */
  changeSectors(sectors: bigint): void {
    this.sectors = sectors;
    this.generation++;
    this.interruptStatus |= 2;
  }

  private complete(chain: Chain, lies: Lies): void {
    const outOfRange = chain.sector + BigInt(this.dataBytes(chain) / DISK_SECTOR_BYTES) > this.sectors;
    const status = lies.status === undefined ? (outOfRange ? 1 : 0) : lies.status;
    let written = 0;
    let offset = chain.sector * BigInt(DISK_SECTOR_BYTES);
    for (const piece of chain.pieces.slice(1, -1)) {
      if (!outOfRange && !lies.withoutData) {
        const target = this.bus.reach(piece.address, piece.byteCount);
        for (let i = 0; i < piece.byteCount; i++) {
          target[i] = contentByte(this.options, offset++);
        }
      }
      written += piece.byteCount;
    }
    const statusPiece = chain.pieces.at(-1);
    if (statusPiece && status !== null) {
      this.bus.reach(statusPiece.address, 1)[0] = status;
    }
    this.answer(lies.id ?? chain.head, lies.length ?? written + 1, lies.indexStep ?? 1);
  }

  private dataBytes(chain: Chain): number {
    return chain.pieces.slice(1, -1).reduce((sum, piece) => sum + piece.byteCount, 0);
  }

  private answer(id: number, length: number, indexStep: number): void {
    this.ring.pushUsed(id, length, indexStep);
    this.interruptStatus |= 1;
  }

  private note(what: string): undefined {
    this.last = what;
    return undefined;
  }

  private load(address: number, width: 1 | 2 | 4): number {
    if (this.owns(address)) {
      if (width !== 4 || address % 4 !== 0) {
        throw new DriverMistake(`register access of ${width} bytes`);
      }
      this.note("load register");
      return this.readRegister(address - this.base) >>> 0;
    }
    const view = this.bus.view();
    const bus = BigInt(address) + BUS_OFFSET;
    const used = this.ring.device;
    if (used !== 0n && width === 4 && bus === used + 4n + 8n * BigInt(this.usedSlotRead)) {
      if (this.last !== "fence") {
        throw new DriverMistake("a used entry is read without a fence after the index");
      }
      this.usedSlotRead = (this.usedSlotRead + 1) % this.ring.num;
    }
    if (used !== 0n && bus === used && this.last !== "fence") {
      throw new DriverMistake("used.flags is read without a fence after the available index");
    }
    this.note("load memory");
    if (width === 1) {
      return view.getUint8(address);
    }
    return width === 2 ? view.getUint16(address, true) : view.getUint32(address, true);
  }

  private store(address: number, width: 1 | 2 | 4, value: number): undefined {
    if (this.owns(address)) {
      if (width !== 4 || address % 4 !== 0) {
        throw new DriverMistake(`register access of ${width} bytes`);
      }
      this.writeRegister(address - this.base, value);
      return this.note("store register");
    }
    const view = this.bus.view();
    const isIndex = this.ring.driver !== 0n && BigInt(address) + BUS_OFFSET === this.ring.driver + 2n;
    if (isIndex && this.last !== "fence") {
      throw new DriverMistake("the available index is stored without a fence before it");
    }
    if (width === 1) {
      view.setUint8(address, value);
    } else if (width === 2) {
      view.setUint16(address, value, true);
    } else {
      view.setUint32(address, value, true);
    }
    return this.note("store memory");
  }

  private readRegister(register: number): number {
    const { options, mood } = this;
    if (register >= 0x100) {
      return this.readConfig(register - 0x100);
    }
    switch (register) {
      case 0x000:
        return options.magic ?? 0x74726976;
      case 0x004:
        return options.versionRegister ?? options.version;
      case 0x008:
        return options.deviceId ?? 2;
      case 0x010:
        this.expectStatus(statusBit.driver, "features are read before DRIVER");
        return Number((offeredFeatures(this.options) >> BigInt(32 * this.deviceFeaturesSel)) & 0xffff_ffffn);
      case 0x034:
        return options.queueSizeMax ?? 1024;
      case 0x040:
        this.expectVersion(1, "QueuePFN");
        return mood.queueIsTaken ? 1 : Number(this.ring.desc / 4096n);
      case 0x044:
        this.expectVersion(2, "QueueReady");
        return mood.queueIsTaken || this.ring.ready ? 1 : 0;
      case 0x060:
        return this.interruptStatus;
      case 0x070:
        if (this.staleStatus.polls > 0) {
          this.staleStatus.polls--;
          return this.staleStatus.value;
        }
        return this.status;
      case 0x0fc:
        this.expectVersion(2, "ConfigGeneration");
        return mood.restlessConfig ? ++this.generation : this.generation;
      default:
        throw new DriverMistake(`register 0x${register.toString(16)} cannot be read`);
    }
  }

  private readConfig(offset: number): number {
    const { options, mood } = this;
    // A legacy device has no generation: it is restless by showing another capacity each time.
    if (mood.restlessConfig && options.version === 1 && offset === 0) {
      this.sectors++;
    }
    const field = configField(options, this.sectors, offset);
    if (field === undefined) {
      throw new DriverMistake(`the configuration has no 32-bit field at ${offset}`);
    }
    return field;
  }

  private writeRegister(register: number, value: number): void {
    switch (register) {
      case 0x014:
        this.deviceFeaturesSel = value;
        break;
      case 0x020:
        this.acceptFeatures(value);
        break;
      case 0x024:
        this.driverFeaturesSel = value;
        break;
      case 0x050:
        this.notified();
        break;
      case 0x064:
        this.interruptStatus &= ~value;
        break;
      case 0x070:
        if (value === 0) {
          this.reset();
        } else {
          this.advance(value);
        }
        break;
      default:
        this.writeQueueRegister(register, value);
    }
  }

  private writeQueueRegister(register: number, value: number): void {
    const { ring } = this;
    switch (register) {
      case 0x030:
        if (value !== 0) {
          throw new DriverMistake(`queue ${value} does not exist`);
        }
        break;
      case 0x038:
        if (value > (this.options.queueSizeMax ?? 1024) || (value & (value - 1)) !== 0) {
          throw new DriverMistake(`a queue of ${value} descriptors`);
        }
        ring.num = value;
        break;
      case 0x028:
        this.expectVersion(1, "GuestPageSize");
        this.pageBytes = value;
        break;
      case 0x03c:
        this.expectVersion(1, "QueueAlign");
        ring.align = value;
        break;
      case 0x040:
        this.expectVersion(1, "QueuePFN");
        this.startLegacyQueue(BigInt(value));
        break;
      case 0x044:
        this.expectVersion(2, "QueueReady");
        this.expectStatus(statusBit.featuresOk, "the queue is started before FEATURES_OK");
        ring.ready = value === 1;
        this.startQueue();
        break;
      default:
        this.writeQueueAddress(register, value);
    }
  }

  private writeQueueAddress(register: number, value: number): void {
    const part = ({ 128: "desc", 144: "driver", 160: "device" } as const)[register & ~4];
    if (!part) {
      throw new DriverMistake(`register 0x${register.toString(16)} cannot be written`);
    }
    this.expectVersion(2, "the address of a ring's part");
    const shift = (register & 4) === 0 ? 0n : 32n;
    this.ring[part] = (this.ring[part] & ~(0xffff_ffffn << shift)) | (BigInt(value) << shift);
  }

  private acceptFeatures(value: number): void {
    if ((this.status & (statusBit.featuresOk | statusBit.driverOk)) !== 0) {
      throw new DriverMistake("features are accepted after the negotiation");
    }
    const shift = BigInt(32 * this.driverFeaturesSel);
    this.accepted = (this.accepted & ~(0xffff_ffffn << shift)) | (BigInt(value) << shift);
    if ((this.accepted & ~offeredFeatures(this.options)) !== 0n) {
      throw new DriverMistake("a feature that was not offered");
    }
  }

  private startLegacyQueue(page: bigint): void {
    if (this.pageBytes !== 4096 || this.ring.align !== 4096) {
      throw new DriverMistake("no page size, or no alignment");
    }
    this.ring.layOutLegacy(page);
    this.startQueue();
  }

  private startQueue(): void {
    if (this.last !== "fenceIo") {
      throw new DriverMistake("the queue is started without a fence before it");
    }
    this.ring.checkEmpty();
    if (this.mood.suppressesNotify) {
      this.ring.suppressNotify();
    }
  }

  private advance(value: number): void {
    if ((value & this.status & ~statusBit.needsReset) !== (this.status & ~statusBit.needsReset)) {
      throw new DriverMistake(`status 0x${value.toString(16)} takes back a step`);
    }
    const added = value & ~this.status;
    if (added & statusBit.driver) {
      this.expectStatus(statusBit.acknowledge, "DRIVER before ACKNOWLEDGE");
    }
    if (added & statusBit.featuresOk) {
      this.expectVersion(2, "FEATURES_OK");
    }
    if (added & statusBit.driverOk && this.ring.device === 0n) {
      throw new DriverMistake("DRIVER_OK before the queue is set up");
    }
    this.status = value;
    if (this.mood.refusesFeatures) {
      this.status &= ~statusBit.featuresOk;
    }
    if (added & statusBit.driverOk && this.mood.wantsResetAtOnce) {
      this.askForReset();
    }
  }

  private reset(): void {
    this.resetCount++;
    // A device that a firmware left running, or one that is beyond help: it goes on as if nothing had been said.
    if (this.mood.resetPolls === Number.POSITIVE_INFINITY) {
      this.status ||= 15;
      return;
    }
    this.staleStatus = { value: this.status || 15, polls: this.mood.resetPolls };
    this.status = 0;
    this.interruptStatus = 0;
    this.accepted = 0n;
    this.driverFeaturesSel = 0;
    this.ring = new FakeRing(this.bus);
    this.usedSlotRead = 0;
  }

  private notified(): void {
    if (this.last !== "fenceIo") {
      throw new DriverMistake("notified without a fence before it");
    }
    if ((this.status & statusBit.driverOk) === 0) {
      throw new DriverMistake("notified before DRIVER_OK");
    }
    this.notifyCount++;
    this.ring.look();
  }

  /** Looks for new chains by itself, as a device that suppresses notifications does. */
  look(): void {
    this.ring.look();
  }

  private expectStatus(bit: number, mistake: string): void {
    if ((this.status & bit) === 0) {
      throw new DriverMistake(mistake);
    }
  }

  private expectVersion(version: 1 | 2, register: string): void {
    if (this.options.version !== version) {
      throw new DriverMistake(`${register} in version ${this.options.version}`);
    }
  }
}
