// What one program prints, told from everything else on the console.
//
// The kernel puts a frame around what is written with a badge (source/abi/syscall.ts). nexus-init gives the program of
// "@NAME" in `nexus,run` a badge from the run's random number, and writes with a second one how it ended
// (source/init/nexus-init/run/apart.ts). No other task knows these numbers, so what looks like a frame and has another number
// is text.

import {
  CONSOLE_BADGE_DIGITS,
  CONSOLE_FRAME_MARK,
  CONSOLE_HEAD_BYTES,
} from "../../build/gen/host/source/abi/syscall.ts";

const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

/** Who gets what is told apart. */
export interface Apart {
  /** Bytes of the program, as it wrote them. */
  onOutput: (bytes: Uint8Array) => void;
  /** How it ended: "exit code 3(its own)", "it was killed". */
  onEnd: (how: string) => void;
}

/** A frame whose head was read. */
interface Frame {
  kind: "output" | "end";
  left: number;
  bytes: number[];
}

export class Separator {
  private readonly apart: Apart;
  /** The first bytes of a head, in text, and what frame it begins. */
  private readonly kinds: ReadonlyMap<string, Frame["kind"]>;
  private head: number[] = [];
  private frame: Frame | undefined;
  private hasReturned = false;
  private rest: number[] = [];

  /** @param nonce the run's random number, 32 hexadecimal digits */
  constructor(nonce: string, apart: Apart) {
    this.apart = apart;
    this.kinds = new Map([
      [badgeText(nonce, 0), "output"],
      [badgeText(nonce, 1), "end"],
    ]);
  }

  /** Takes bytes of the console. Gives those that belong to no frame. */
  feed(bytes: Uint8Array): Uint8Array {
    for (const byte of bytes) {
      this.take(byte);
    }
    if (this.frame?.kind === "output") {
      this.handOver(this.frame);
    }
    const rest = Uint8Array.from(this.rest);
    this.rest = [];
    return rest;
  }

  /** The console has ended: gives what could have become a frame. A program's last byte may have waited for the next. */
  end(): Uint8Array {
    if (this.frame !== undefined && this.hasReturned) {
      this.push(this.frame, CARRIAGE_RETURN);
    }
    return Uint8Array.from(this.head.splice(0));
  }

  private take(byte: number): void {
    if (this.frame !== undefined) {
      this.takeFramed(this.frame, byte);
    } else if (this.head.length > 0 || byte === CONSOLE_FRAME_MARK) {
      this.takeHead(byte);
    } else {
      this.rest.push(byte);
    }
  }

  private takeHead(byte: number): void {
    // A mark begins anew: no other byte of a head is one.
    if (byte === CONSOLE_FRAME_MARK) {
      this.rest.push(...this.head.splice(0));
    }
    this.head.push(byte);
    if (this.head.length < CONSOLE_HEAD_BYTES) {
      return;
    }
    const text = String.fromCharCode(...this.head.slice(1));
    const kind = this.kinds.get(text.slice(0, CONSOLE_BADGE_DIGITS));
    const left = Number.parseInt(text.slice(CONSOLE_BADGE_DIGITS), 16);
    if (kind === undefined || Number.isNaN(left)) {
      this.rest.push(...this.head.splice(0));
      return;
    }
    this.head = [];
    this.frame = left === 0 ? undefined : { kind, left, bytes: [] };
  }

  /** On its way to the device, a line feed gets a carriage return before it, which the program did not write. */
  private takeFramed(frame: Frame, byte: number): void {
    if (this.hasReturned && byte !== LINE_FEED) {
      this.hasReturned = false;
      this.push(frame, CARRIAGE_RETURN);
      this.take(byte);
      return;
    }
    this.hasReturned = byte === CARRIAGE_RETURN;
    if (!this.hasReturned) {
      this.push(frame, byte);
    }
  }

  private push(frame: Frame, byte: number): void {
    frame.bytes.push(byte);
    frame.left -= 1;
    if (frame.left === 0) {
      this.frame = undefined;
      this.handOver(frame);
    }
  }

  private handOver({ kind, bytes }: Frame): void {
    const whole = Uint8Array.from(bytes.splice(0));
    if (kind === "end") {
      this.apart.onEnd(new TextDecoder().decode(whole));
    } else if (whole.length > 0) {
      this.apart.onOutput(whole);
    }
  }
}

/** The first (0) or second (1) 32 bits of the random number, as nexus-init reads them and the kernel prints them. */
function badgeText(nonce: string, half: 0 | 1): string {
  const badge = Math.max(1 + half, Buffer.from(nonce, "hex").readUInt32LE(4 * half));
  return badge.toString(16).padStart(CONSOLE_BADGE_DIGITS, "0");
}
