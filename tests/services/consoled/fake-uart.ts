// A 16550 as consoled uses it: two FIFOs of sixteen bytes, a level-triggered interrupt line, and a wire in each direction.
//
// It is stricter than the hardware: a test fails if a byte comes to a full FIFO, if consoled uses a register that it should not
// use, or if it changes what the firmware has set up.

import type { Hardware } from "../../harness/fake-kernel/objects.ts";

const REGISTER_BYTES = 0x1000;
const FIFO_BYTES = 16;
const RECEIVED_INTERRUPT = 1;
const EMPTY_INTERRUPT = 2;

export class FakeUart implements Hardware {
  /** All bytes that were sent on the wire. */
  readonly sent: number[] = [];
  /** Bytes that come on the wire. The device takes them when it has room. */
  readonly incoming: number[] = [];
  /** Whether the wire takes bytes. */
  isStalled = false;
  private readonly base: number;
  private readonly receiver: number[] = [];
  private readonly transmitter: number[] = [];
  private enabled = 0;

  constructor(base: number) {
    this.base = base;
  }

  get text(): string {
    return new TextDecoder().decode(Uint8Array.from(this.sent));
  }

  /** The interrupt line. */
  get interrupts(): boolean {
    const isReceived = (this.enabled & RECEIVED_INTERRUPT) !== 0 && this.receiver.length > 0;
    return isReceived || ((this.enabled & EMPTY_INTERRUPT) !== 0 && this.transmitter.length === 0);
  }

  owns(address: number): boolean {
    return address >= this.base && address < this.base + REGISTER_BYTES;
  }

  /** Time passes on the wire: the device sends the bytes that wait, and receives bytes while it has room. */
  run(byteCount = FIFO_BYTES): void {
    if (!this.isStalled) {
      this.sent.push(...this.transmitter.splice(0, byteCount));
    }
    this.receiver.push(...this.incoming.splice(0, FIFO_BYTES - this.receiver.length));
  }

  readonly intrinsics = {
    volatileLoad8: (address: number): number => this.load((address >>> 0) - this.base),
    volatileStore8: (address: number, value: number): void => this.store((address >>> 0) - this.base, value),
  };

  private load(register: number): number {
    if (register === 0) {
      const byte = this.receiver.shift();
      if (byte === undefined) {
        throw new Error("a byte was read although none was received");
      }
      return byte;
    }
    if (register !== 5) {
      throw new Error(`register ${register} was read`);
    }
    const received = this.receiver.length > 0 ? 0x01 : 0;
    return received | (this.transmitter.length === 0 ? 0x60 : 0);
  }

  private store(register: number, value: number): void {
    if (register === 0) {
      if (this.transmitter.length === FIFO_BYTES) {
        throw new Error("a byte was written although the transmitter's FIFO was full");
      }
      this.transmitter.push(value);
    } else if (register === 1) {
      this.enabled = value;
    }
    // FIFOs on, not cleared; eight bits; DTR, RTS and OUT2.
    else if (!(register === 2 && value === 0x01) && !(register === 3 && value === 0x03) && register !== 4) {
      throw new Error(`0x${value.toString(16)} was written to register ${register}`);
    }
  }
}
