// The registers of the fake device (virtio 1.2, 4.2.2; version 1 is 4.2.4), and the driver's steps held to their order:
// each step of the initialisation that comes too early, a register of the other version and a feature that was not
// offered throw a `DriverMistake`.

import { configField, type FakeDeviceOptions, type Mood, offeredFeatures } from "./fake-options.ts";
import { DriverMistake, type FakeBus, FakeRing } from "./fake-ring.ts";

const statusBit = { acknowledge: 1, driver: 2, driverOk: 4, featuresOk: 8, needsReset: 64, failed: 128 };

/** Why the interrupt line is up (4.2.2, InterruptStatus). */
const interruptBit = { used: 1, config: 2 };

/** The last access or fence of the driver: what must come before what is checked with it. */
export interface AccessOrder {
  last: string;
}

export class FakeRegisters {
  /** How often the driver wrote to QueueNotify. */
  notifyCount = 0;
  resetCount = 0;
  /** What the configuration says. */
  sectors: bigint;
  /** The ring that the driver set up last. A reset makes another. */
  ring: FakeRing;

  private readonly options: FakeDeviceOptions;
  private readonly mood: Mood;
  private readonly bus: FakeBus;
  private readonly order: AccessOrder;
  private status = 0;
  private staleStatus = { value: 0, polls: 0 };
  private interruptStatus = 0;
  private generation = 0;
  private deviceFeaturesSel = 0;
  private driverFeaturesSel = 0;
  private accepted = 0n;
  private pageBytes = 0;

  constructor(options: FakeDeviceOptions, mood: Mood, bus: FakeBus, order: AccessOrder) {
    this.options = options;
    this.mood = mood;
    this.bus = bus;
    this.order = order;
    this.ring = new FakeRing(bus);
    this.sectors = options.sectors;
  }

  get isInterrupting(): boolean {
    return this.interruptStatus !== 0;
  }

  /** Whether the driver has brought the device up and not given up on it. */
  get isRunning(): boolean {
    return (this.status & statusBit.driverOk) !== 0 && !this.hasFailedBit;
  }

  get hasFailedBit(): boolean {
    return (this.status & statusBit.failed) !== 0;
  }

  get acceptedFeatures(): bigint {
    return this.accepted;
  }

  /** There is an answer in the used ring. */
  announceUsed(): void {
    this.interruptStatus |= interruptBit.used;
  }

  /** DEVICE_NEEDS_RESET. */
  wantReset(): void {
    this.status |= statusBit.needsReset;
    this.interruptStatus |= interruptBit.config;
  }

  /** Another capacity, and an interrupt that says so. */
  changeSectors(sectors: bigint): void {
    this.sectors = sectors;
    this.generation++;
    this.interruptStatus |= interruptBit.config;
  }

  /** The driver reads a register: 32 bits. */
  read(register: number): number {
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

  /** The driver writes a register. */
  write(register: number, value: number): void {
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
    if (this.order.last !== "fenceIo") {
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
      this.wantReset();
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
  }

  private notified(): void {
    if (this.order.last !== "fenceIo") {
      throw new DriverMistake("notified without a fence before it");
    }
    if ((this.status & statusBit.driverOk) === 0) {
      throw new DriverMistake("notified before DRIVER_OK");
    }
    this.notifyCount++;
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
