// Recognises a kernel panic on the console, and turns its addresses into places in the sources.
//
//     PANIC hart=2 cause=13 name=load page fault stval=0x0 sepc=0xffffffff80201234
//       at 0xffffffff80201234
//       at 0xffffffff80200456
//
// A production build leaves out the hart, stval and sepc, and says `at +0x1234` for a place behind the start of the kernel's text, and
// `at ?` for any other. An assertion that failed says "assertion failed" in place of cause and name.
// The kernel prints addresses only: it has neither symbols nor lines. They are in the ELF file, on the host.

/** A panic, as far as it was printed. */
export interface Panic {
  /** The line that begins with PANIC. */
  line: string;
  /** Return addresses, innermost first, each with its place once it is known. */
  frames: PanicFrame[];
}

export interface PanicFrame {
  address: bigint;
  /** Places in the sources, innermost inlined function first; empty if the ELF file knows none. */
  places: string[];
}

/** A backtrace longer than this is cut: the kernel's own limit is lower. */
const FRAMES_MAX = 64;

/** Anywhere in the line: the panic may come while another hart is in the middle of one. */
export const PANIC_LINE = /PANIC (hart=|cause=|assertion failed).*/;
const FRAME_LINE = /^\s*at (?:(\+?)0x([0-9a-fA-F]{1,16})|\?)$/;
/** Where neuron.ld puts the kernel's text. */
const TEXT_START = 0xffff_ffff_8020_0000n;

/** Collects the panic from console lines. */
export class PanicWatch {
  private found: Panic | undefined;

  /** The first panic, or undefined. Later panics are its consequence. */
  get panic(): Panic | undefined {
    return this.found;
  }

  feed(line: string): void {
    if (this.found === undefined) {
      const words = PANIC_LINE.exec(line)?.[0];
      if (words !== undefined) {
        this.found = { line: words, frames: [] };
      }
      return;
    }
    const frame = FRAME_LINE.exec(line);
    if (frame === null || this.found.frames.length >= FRAMES_MAX) {
      return;
    }
    const [, plus, digits = "0"] = frame;
    this.found.frames.push({ address: BigInt(`0x${digits}`) + (plus === "+" ? TEXT_START : 0n), places: [] });
  }
}

/** The panic with each address named by `locate`, which gives the places of one address. */
export function decodePanic(panic: Panic, locate: (address: bigint) => string[]): Panic {
  const frames = panic.frames.map(({ address }, index) => {
    // All but the innermost are return addresses: the call is the instruction before.
    const places = locate(index === 0 ? address : address - 1n);
    return { address, places };
  });
  return { line: panic.line, frames };
}

/** The panic as lines for a person. */
export function panicLines(panic: Panic): string[] {
  const lines = [panic.line];
  panic.frames.forEach(({ address, places }, index) => {
    const number = `#${index}`.padEnd(4);
    const hex = `0x${address.toString(16).padStart(16, "0")}`;
    const [first = "(not in the kernel)", ...callers] = places;
    lines.push(`  ${number}${hex}  ${first}`);
    for (const caller of callers) {
      lines.push(`  ${" ".repeat(4 + hex.length)}  inlined into ${caller}`);
    }
  });
  return lines;
}
