/**
 * How the kernel prints: a line is built in this hart's own buffer and sent whole under the console's lock, so lines of
 * several harts never mix. No other lock may be held.
 *
 * At first the kernel has the UART and sends by itself. Once a task owns the console (consoled, Syscall.ConsoleOwn) the
 * bytes are kept in a ring for it, and only a panic still goes to the device directly. What does not fit is refused to
 * a task, which tries again, and counted for the kernel's own lines and told before the next that fits.
 *
 *   ring   RING_BYTES at `ring`; `taken` and `filled` count all bytes that ever left and entered
 */
import { Line } from "text/line";
import { HART_STRIDE, HARTS_MAX } from "../arch/riscv/frame";
import { thisHart, WANTS_CONSOLE_NEWS } from "../arch/riscv/hart";
import { hartPointer } from "../arch/riscv/intrinsics";
import { harts } from "../arch/riscv/symbols";
import { uartWrite } from "../arch/riscv/uart";
import { LOCK_BYTES, Lock } from "../sync/lock";
import { Rank } from "../sync/order";

/** Bytes of a kernel line; what does not fit is cut. */
const LINE_BYTES_MAX: u32 = 240;
const SLOT_BYTES: u32 = 256;

// Of each hart:
const lines: usize = memory.data(HARTS_MAX * <u32>offsetof<Line>(), 8);
const buffers: usize = memory.data(HARTS_MAX * SLOT_BYTES, 8);
const lock = changetype<Lock>(memory.data(LOCK_BYTES, 8));

/** Bytes that are kept for the console's owner. */
const RING_BYTES: u32 = 16384;
const ring: usize = memory.data(RING_BYTES, 8);
/** Room that is always left for the line that says how many were lost. */
const LOST_BYTES_MAX: u32 = 64;
const lostBuffer: usize = memory.data(LOST_BYTES_MAX, 8);
/** A panic has the console. Written without the lock. */
let sealed: bool = false;
// Under the console's lock:
let owned: bool = false;
let filled: u32 = 0;
let taken: u32 = 0;
let lostLines: u32 = 0;
/** The owner has ended, and what it has not read is on its way out; so many bytes may still come. */
let leaving: bool = false;
let allowed: u32 = 0;

export function printInit(): void {
  lock.init(Rank.Console);
}

/** Starts a line of this hart. End it with `endLine`. */
export function beginLine(): Line {
  const index = <u32>(hartPointer() - harts()) / HART_STRIDE;
  return changetype<Line>(lines + index * offsetof<Line>()).begin(
    buffers + index * SLOT_BYTES,
    LINE_BYTES_MAX,
  );
}

/** Sends the line, with a line feed. */
export function endLine(line: Line): void {
  // The buffer is longer than the line may be, so there is always room for the line feed.
  store<u8>(line.address + line.length, 0x0a);
  if (printBytes(line.address, line.length + 1)) {
    return;
  }
  lock.acquire();
  lostLines++;
  lock.release();
}

/** Sends `length` bytes whole, or keeps them whole for the owner. False if there is no room for them now. */
export function printBytes(start: usize, length: u32): bool {
  lock.acquire();
  let fits = true;
  if (sealed) {
    // This hart is about to be stopped: its line would not be read.
  } else if (!owned) {
    uartWrite(start, length);
  } else {
    fits = RING_BYTES - (filled - taken) >= length + LOST_BYTES_MAX && (!leaving || length <= allowed);
    if (fits && leaving) {
      allowed -= length;
    }
    if (fits && lostLines > 0) {
      tellLost();
    }
    if (fits) {
      append(start, length);
    }
    thisHart().wants |= WANTS_CONSOLE_NEWS;
  }
  lock.release();
  return fits;
}

/** Says how many lines of the kernel's own found no room. The lock is held, and there is room. */
function tellLost(): void {
  const index = <u32>(hartPointer() - harts()) / HART_STRIDE;
  const line = changetype<Line>(lines + index * offsetof<Line>()).begin(lostBuffer, LOST_BYTES_MAX);
  line.text("neuron: lines lost: ").decimal(lostLines).byte(0x0a);
  lostLines = 0;
  append(line.address, line.length);
}

/** The lock is held, and there is room. */
function append(start: usize, length: u32): void {
  for (let i: u32 = 0; i < length; i++) {
    store<u8>(ring + ((filled + i) & (RING_BYTES - 1)), load<u8>(start + i));
  }
  filled += length;
}

/** From now on there is an owner who reads what is printed. */
export function ownConsole(): void {
  lock.acquire();
  owned = true;
  lock.release();
}

/** Bytes that go out in one go, with interrupts off. */
const DRAIN_BYTES: u32 = 128;

/**
 * The owner is gone: what it has not read goes out, and then the kernel prints by itself again. False if some of it is
 * left. Meanwhile no more comes in than fits in a full ring, so there is an end.
 */
export function disownConsole(): bool {
  lock.acquire();
  if (!leaving) {
    leaving = true;
    allowed = RING_BYTES;
  }
  drainRing(DRAIN_BYTES);
  const isDone = taken === filled;
  if (isDone) {
    owned = false;
    leaving = false;
  }
  lock.release();
  return isDone;
}

/** Takes up to `bytesMax` bytes that were printed and copies them to `into`; returns how many. For the owner. */
export function takePrinted(into: usize, bytesMax: u32): u32 {
  lock.acquire();
  const count = min<u32>(filled - taken, bytesMax);
  for (let i: u32 = 0; i < count; i++) {
    store<u8>(into + i, load<u8>(ring + ((taken + i) & (RING_BYTES - 1))));
  }
  taken += count;
  lock.release();
  return count;
}

/**
 * Sends up to `most` bytes of what is kept. A device that takes nothing any more is not waited for again and again: all
 * that is kept is lost.
 */
function drainRing(most: u32): void {
  const end = taken + min<u32>(filled - taken, most);
  while (taken !== end) {
    if (!uartWrite(ring + (taken & (RING_BYTES - 1)), 1)) {
      taken = filled;
      return;
    }
    taken++;
  }
}

/** From now on only `endLinePanic` prints. Without the lock, as there. */
export function sealConsole(): void {
  sealed = true;
}

/**
 * Sends the line, and first what is kept, without the lock: after a panic its holder may never give it back. The owner
 * may have been in the middle of a line; what follows begins on one of its own.
 */
export function endLinePanic(line: Line): void {
  if (owned) {
    owned = false;
    store<u8>(lostBuffer, 0x0a);
    uartWrite(lostBuffer, 1);
  }
  drainRing(RING_BYTES);
  store<u8>(line.address + line.length, 0x0a);
  uartWrite(line.address, line.length + 1);
}
