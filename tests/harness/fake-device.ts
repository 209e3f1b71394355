// A virtio-mmio block device in Node, behind the volatile intrinsics of a guest that runs as Wasm.
//
// It is honest in both directions. It obeys the specification to the letter: nothing is finished before the test says
// so (`finish`), memory is reached only through descriptors, and only inside the windows that the test opened (`window`:
// there is no IOMMU in the system, so a stray descriptor must be caught here). And it holds the driver to it: a step of
// the initialisation out of order, a register of the other version, an unaccepted feature, a missing fence or a chain
// of the wrong shape throws a `DriverMistake`. How it misbehaves is the test's choice: see `Lies` and `Mood`.
//
// The driver reads registers and the used ring. What is written, the kernel writes: see fake-writer.ts.
//
// Here are what a test does with it, and its way to memory. Its registers are fake-registers.ts, its ring fake-ring.ts.
//
//     const device = new FakeBlockDevice({ version: 2, sectors: 2048n });
//     const g = await guest(entry, { imports: { intrinsics: device.intrinsics, assembly } });
//     device.plug(g.memory);

import {
  contentByte,
  DISK_SECTOR_BYTES,
  type FakeDeviceOptions,
  goodMood,
  type Lies,
  type Mood,
} from "./fake-options.ts";
import { type AccessOrder, FakeRegisters } from "./fake-registers.ts";
import { type Chain, DriverMistake, FakeBus, type Piece } from "./fake-ring.ts";
import { FakeWriter } from "./fake-writer.ts";

/** Where the registers are unless a test says otherwise: beyond any Wasm memory of these tests. */
export const MMIO_BASE = 0x7000_0000;

export class FakeBlockDevice {
  readonly mood: Mood = goodMood();
  /** What the kernel writes for its driver. */
  readonly writer = new FakeWriter(this);
  /** Where the guest sees the used ring; 0 before there is one. */
  usedAddress = 0;

  private readonly options: FakeDeviceOptions;
  private readonly base: number;
  private readonly bus = new FakeBus();
  private readonly order: AccessOrder = { last: "" };
  private readonly registers: FakeRegisters;

  /** @param base where the guest sees the registers */
  constructor(options: FakeDeviceOptions, base = MMIO_BASE) {
    this.options = options;
    this.base = base;
    this.registers = new FakeRegisters(options, this.mood, this.bus, this.order);
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

  /** A register as the kernel reads it. */
  readRegister(register: number): number {
    return this.registers.read(register);
  }

  /** The kernel writes a register, behind a fence. */
  writeRegister(register: number, value: number): void {
    this.note("fenceIo");
    this.registers.write(register, value);
    this.note("store register");
  }

  /** The kernel acknowledges these bits of InterruptStatus. */
  acknowledge(bits: number): void {
    if (bits !== 0) {
      this.writeRegister(0x064, bits);
    }
  }

  /** Opens `byteCount` bytes for DMA, and gives their bus address: of the guest's memory, or those that `bytes` gives. */
  window(address: number, byteCount: number, bytes?: () => Uint8Array): bigint {
    return this.bus.window(address, byteCount, bytes);
  }

  /** Closes what was opened at this bus address. */
  closeWindow(start: bigint): void {
    this.bus.close(start);
  }

  /** What the device finds at a bus address. */
  reach(address: bigint, byteCount: number): Uint8Array {
    return this.bus.reach(address, byteCount);
  }

  /** How many pending chains name memory in the window at this bus address. */
  usesOf(start: bigint): number {
    const isIn = ({ address }: Piece): boolean => this.bus.isIn(start, address);
    return this.pending.filter(({ pieces }) => pieces.some(isIn)).length;
  }

  /** How often the driver wrote to QueueNotify. */
  get notifyCount(): number {
    return this.registers.notifyCount;
  }

  get resetCount(): number {
    return this.registers.resetCount;
  }

  /** What the configuration says. */
  get sectors(): bigint {
    return this.registers.sectors;
  }

  /** Chains that the device has and did not finish, in the order in which it took them. */
  get pending(): Chain[] {
    return this.registers.ring.pending;
  }

  /** Whether the interrupt line is up. */
  get interrupts(): boolean {
    return this.registers.isInterrupting;
  }

  /** Whether the driver has brought it up and not given up on it. */
  get isRunning(): boolean {
    return this.registers.isRunning;
  }

  get hasFailedBit(): boolean {
    return this.registers.hasFailedBit;
  }

  get acceptedFeatures(): bigint {
    return this.registers.acceptedFeatures;
  }

  get queueSize(): number {
    return this.registers.ring.num;
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

  /** Looks for new chains by itself, as a device that suppresses notifications does. */
  look(): void {
    this.registers.ring.look();
  }

  /** Asks for a reset, as a version 2 device does when it finds a chain that it cannot use. */
  askForReset(): void {
    this.registers.wantReset();
  }

  /** Changes the capacity under way. */
  changeSectors(sectors: bigint): void {
    this.registers.changeSectors(sectors);
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
    this.registers.ring.pushUsed(id, length, indexStep);
    this.registers.announceUsed();
  }

  private note(what: string): undefined {
    this.order.last = what;
    return undefined;
  }

  private load(address: number, width: 1 | 2 | 4): number {
    if (this.owns(address)) {
      if (width !== 4 || address % 4 !== 0) {
        throw new DriverMistake(`register access of ${width} bytes`);
      }
      this.note("load register");
      return this.registers.read(address - this.base) >>> 0;
    }
    const { ring } = this.registers;
    const view = this.bus.view();
    if (this.usedAddress !== 0 && width === 4 && address === this.usedAddress + 4 + 8 * ring.usedRead) {
      if (this.order.last !== "fence") {
        throw new DriverMistake("a used entry is read without a fence after the index");
      }
      ring.usedRead = (ring.usedRead + 1) % ring.num;
    }
    this.note("load memory");
    if (width === 1) {
      return view.getUint8(address);
    }
    return width === 2 ? view.getUint16(address, true) : view.getUint32(address, true);
  }

  private store(address: number, width: 1 | 2 | 4, value: number): undefined {
    const view = this.bus.view();
    const isUsed = this.usedAddress !== 0 && address >= this.usedAddress && address < this.usedAddress + 4096;
    if (this.owns(address) || isUsed) {
      throw new DriverMistake(`the driver writes to 0x${address.toString(16)}, which it can only read`);
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
}
