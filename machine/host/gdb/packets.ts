// Finds gdb's packets in the bytes that it sends, and acknowledges them.
//
//     $m80200000,4#5c ─▶ + ─▶ onPacket("m80200000,4")        the sum is that of the letters between $ and #
//
// Bytes outside of packets are ignored, except the one byte by which gdb interrupts. gdb.ts answers the packets.

import { checksum, packetOf } from "./words.ts";

/** The most bytes of a packet. gdb is told this number. */
export const PACKET_BYTES_MAX = 0x4000;

const INTERRUPT = 0x03;
const PACKET_START = 0x24;
const PACKET_END = 0x23;
/** Digits of the checksum, after the `#` at the end of a packet. */
const CHECKSUM_DIGITS = 2;

/** Gets what comes from gdb. */
export interface PacketListener {
  /** A packet with the right checksum. */
  onPacket(data: string): void;
  /** A packet that is longer than PACKET_BYTES_MAX. */
  onTooLong(): void;
  onInterrupt(): void;
}

export class PacketStream {
  private readonly listener: PacketListener;
  private readonly write: (text: string) => void;
  /** The part of a packet that has come so far. */
  private pending = "";
  /** How many bytes have come since its first `#`; undefined before that. */
  private sinceEnd: number | undefined;
  /** The packet is too long. It is read to its end, and refused. */
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

  /** From now on packets are not acknowledged (QStartNoAckMode). */
  stopAcknowledging(): void {
    this.acknowledges = false;
  }

  /** Takes bytes from gdb: packets, acknowledgements, an interrupt. */
  receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.pending !== "") {
        this.extend(byte);
      } else if (byte === PACKET_START) {
        this.begin();
      } else if (byte === INTERRUPT) {
        this.listener.onInterrupt();
      }
      // Acknowledgements, and bytes outside of packets, are ignored.
    }
  }

  private begin(): void {
    this.pending = "$";
    this.sinceEnd = undefined;
    this.isTooLong = false;
  }

  /** Adds a byte to the packet: `$`, data, `#`, checksum. Data has no `$`, so a second `$` begins a new packet. */
  private extend(byte: number): void {
    if (byte === PACKET_START) {
      this.begin();
      return;
    }
    // Looking into the text for each byte would take a time that grows with its square.
    this.pending += String.fromCharCode(byte);
    if (this.sinceEnd !== undefined) {
      this.sinceEnd += 1;
    } else if (byte === PACKET_END) {
      this.sinceEnd = 0;
    }
    if (this.sinceEnd === CHECKSUM_DIGITS) {
      const packet = this.pending;
      const end = packet.length - CHECKSUM_DIGITS - 1;
      this.pending = "";
      this.take(packet.slice(1, end), Number.parseInt(packet.slice(end + 1), 16));
    } else if (this.sinceEnd === undefined && this.pending.length > PACKET_BYTES_MAX + 1) {
      this.isTooLong = true;
      this.pending = "$";
    }
  }

  /** A packet is complete. The checksum of a packet that is too long is not checked. */
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
