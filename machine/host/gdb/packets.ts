// gdb's packets as they come, byte by byte, and how each is acknowledged.
//
//     $m80200000,4#5c ─▶ + ─▶ onPacket("m80200000,4")        the sum is that of the letters between $ and #
//
// What is no packet is passed over, except the one byte by which gdb interrupts. What a packet asks for is gdb.ts's.

import { checksum, packetOf } from "./words.ts";

/** Bytes of one packet: gdb is told. */
export const PACKET_BYTES_MAX = 0x4000;

const INTERRUPT = 0x03;
const PACKET_START = 0x24;
/** What follows the `#` at the end of a packet. */
const CHECKSUM_DIGITS = 2;

/** What comes from gdb. */
export interface PacketListener {
  /** A packet whose sum is right. */
  onPacket(data: string): void;
  /** One that is longer than gdb was told that one may be. */
  onTooLong(): void;
  onInterrupt(): void;
}

export class PacketStream {
  private readonly listener: PacketListener;
  private readonly write: (text: string) => void;
  /** The packet that has begun to come. */
  private pending = "";
  /** It is too long: it is read to its end, and refused. */
  private isTooLong = false;
  private acknowledges = true;

  constructor(listener: PacketListener, write: (text: string) => void) {
    this.listener = listener;
    this.write = write;
  }

  /** Sends the packet with this text. */
  send(text: string): void {
    this.write(packetOf(text));
  }

  /** From now on nothing is acknowledged (QStartNoAckMode). */
  stopAcknowledging(): void {
    this.acknowledges = false;
  }

  /** Takes what gdb sent: packets, acknowledgements, an interrupt. */
  receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.pending !== "") {
        this.extend(byte);
      } else if (byte === PACKET_START) {
        this.begin();
      } else if (byte === INTERRUPT) {
        this.listener.onInterrupt();
      }
      // Acknowledgements, and what is no packet, are passed over.
    }
  }

  private begin(): void {
    this.pending = "$";
    this.isTooLong = false;
  }

  /** One more byte of the packet that comes: `$`, data, `#`, checksum. Data has no `$`: there another one begins. */
  private extend(byte: number): void {
    if (byte === PACKET_START) {
      this.begin();
      return;
    }
    this.pending += String.fromCharCode(byte);
    const end = this.pending.length - CHECKSUM_DIGITS - 1;
    if (this.pending[end] === "#") {
      const packet = this.pending;
      this.pending = "";
      this.take(packet.slice(1, end), Number.parseInt(packet.slice(end + 1), 16));
    } else if (end > PACKET_BYTES_MAX) {
      this.isTooLong = true;
      // Where its end may have begun.
      this.pending = `$${this.pending.slice(-CHECKSUM_DIGITS)}`;
    }
  }

  /** A packet has come to its end. Of one that is too long the sum is not known. */
  private take(data: string, sum: number): void {
    const isGood = this.isTooLong || checksum(data) === sum;
    if (this.acknowledges) {
      this.write(isGood ? "+" : "-");
    }
    if (this.isTooLong) {
      this.listener.onTooLong();
    } else if (isGood) {
      this.listener.onPacket(data);
    }
  }
}
