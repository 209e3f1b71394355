// A test's driver for the virtio block device: it sets the device up through its registers, puts requests into a ring in the
// machine's RAM, and reads the answers. It checks nothing: the tests look for wrong answers.

import { type Devices, RAM_START, VIRTIO } from "./devices.ts";

export const register = {
  magic: 0x00,
  version: 0x04,
  deviceId: 0x08,
  deviceFeatures: 0x10,
  deviceFeaturesSel: 0x14,
  driverFeatures: 0x20,
  driverFeaturesSel: 0x24,
  guestPageSize: 0x28,
  queueSel: 0x30,
  queueNumMax: 0x34,
  queueNum: 0x38,
  queueAlign: 0x3c,
  queuePfn: 0x40,
  queueReady: 0x44,
  queueNotify: 0x50,
  interruptStatus: 0x60,
  interruptAck: 0x64,
  status: 0x70,
  queueDesc: 0x80,
  queueDriver: 0x90,
  queueDevice: 0xa0,
  generation: 0xfc,
  config: 0x100,
};

/** Places in RAM: the ring (in the layout of a legacy device), headers and statuses, and data. */
const RING = RAM_START + 0x1000;
const USED = RAM_START + 0x2000;
const HEADERS = RAM_START + 0x8000;
export const DATA_START = RAM_START + 0x1_0000;
const QUEUE_SIZE = 8;
const AVAILABLE = RING + 16 * QUEUE_SIZE;

export const flag = { next: 1, write: 2, indirect: 4 };

/** An entry of the used ring. */
export interface Used {
  id: number;
  length: number;
}

/** A descriptor. */
export interface Descriptor {
  address: number;
  length: number;
  flags: number;
  next?: number;
}

export class Driver {
  readonly devices: Devices;
  private readonly base: number;
  private availableIndex = 0;
  private usedSeen = 0;

  constructor(devices: Devices, slot = 0) {
    this.devices = devices;
    this.base = VIRTIO + slot * 0x1000;
  }

  get(offset: number): number {
    return this.devices.load32(this.base + offset);
  }

  put(offset: number, value: number): void {
    this.devices.store(this.base + offset, value);
  }

  /** Brings the device up: version, features (low word), queue. Returns FEATURES_OK. */
  start(features = 0): boolean {
    const modern = this.get(register.version) === 2;
    this.put(register.status, 0);
    this.put(register.status, 3);
    this.put(register.driverFeaturesSel, 0);
    this.put(register.driverFeatures, features);
    if (modern) {
      this.put(register.driverFeaturesSel, 1);
      this.put(register.driverFeatures, 1);
      this.put(register.status, 11);
    }
    const kept = !modern || (this.get(register.status) & 8) !== 0;
    this.devices.writeRam(RING, new Uint8Array(0x3000));
    this.availableIndex = 0;
    this.usedSeen = 0;
    this.put(register.queueSel, 0);
    this.put(register.queueNum, QUEUE_SIZE);
    if (modern) {
      this.put(register.queueDesc, RING);
      this.put(register.queueDriver, AVAILABLE);
      this.put(register.queueDevice, USED);
      this.put(register.queueReady, 1);
    } else {
      this.put(register.guestPageSize, 4096);
      this.put(register.queueAlign, 4096);
      this.put(register.queuePfn, RING / 4096);
    }
    this.put(register.status, modern ? 15 : 7);
    return kept;
  }

  describe(index: number, { address, length, flags, next = 0 }: Descriptor, table = RING): void {
    const view = this.devices.view();
    const at = table - RAM_START + 16 * index;
    view.setBigUint64(at, BigInt(address), true);
    view.setUint32(at + 8, length, true);
    view.setUint16(at + 12, flags, true);
    view.setUint16(at + 14, next, true);
  }

  /** Writes the header of a request in `line` (0 to 7), and marks its status byte as unwritten. Returns the header's address. */
  header(line: number, type: number, sector: number | bigint): number {
    const view = this.devices.view();
    const at = HEADERS - RAM_START + 32 * line;
    view.setUint32(at, type, true);
    view.setUint32(at + 4, 0, true);
    view.setBigUint64(at + 8, BigInt(sector), true);
    view.setUint8(at + 16, 0xee);
    return HEADERS + 32 * line;
  }

  statusOf(line: number): number {
    return this.devices.view().getUint8(HEADERS - RAM_START + 32 * line + 16);
  }

  /** Makes a chain available, by its head. `kick` notifies the device. */
  publish(head: number): void {
    const view = this.devices.view();
    const at = AVAILABLE - RAM_START;
    view.setUint16(at + 4 + 2 * (this.availableIndex % QUEUE_SIZE), head, true);
    this.availableIndex += 1;
    view.setUint16(at + 2, this.availableIndex, true);
  }

  kick(): void {
    this.put(register.queueNotify, 0);
  }

  /**
   * A read of `sectors` from `sector` into line `line`'s data: three descriptors from `3 * line`, which is 0 or 1 in a
   * ring of eight; published, not yet told.
   */
  read(sector: number | bigint, sectors = 1, line = 0, address = DATA_START + line * 0x8000): void {
    const header = this.header(line, 0, sector);
    const head = 3 * line;
    this.describe(head, { address: header, length: 16, flags: flag.next, next: head + 1 });
    this.describe(head + 1, {
      address,
      length: 512 * sectors,
      flags: flag.next | flag.write,
      next: head + 2,
    });
    this.describe(head + 2, { address: header + 16, length: 1, flags: flag.write });
    this.publish(head);
  }

  /** The used index in memory. */
  get usedIndex(): number {
    return this.devices.view().getUint16(USED - RAM_START + 2, true);
  }

  /** The new used entries, in order. */
  answers(): Used[] {
    const view = this.devices.view();
    const found: Used[] = [];
    for (; this.usedSeen !== this.usedIndex; this.usedSeen = (this.usedSeen + 1) & 0xffff) {
      if (found.length > QUEUE_SIZE) {
        throw new Error("more answers than the ring has entries");
      }
      const at = USED - RAM_START + 4 + 8 * (this.usedSeen % QUEUE_SIZE);
      found.push({ id: view.getUint32(at, true), length: view.getUint32(at + 4, true) });
    }
    return found;
  }

  /** The data of a read of `sectors` into line `line`. */
  data(sectors = 1, line = 0): Uint8Array {
    return this.devices.readRam(DATA_START + line * 0x8000, 512 * sectors);
  }
}
