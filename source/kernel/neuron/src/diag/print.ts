/**
 * How the kernel prints: a line is built in this hart's own buffer and sent whole under the console's lock, so lines of
 * several harts never mix. No other lock may be held.
 */
import { Line } from "text/line";
import { HART_STRIDE, HARTS_MAX } from "../arch/riscv/frame";
import { hartPointer } from "../arch/riscv/intrinsics";
import { harts } from "../arch/riscv/symbols";
import { uartWrite } from "../arch/riscv/uart";
import { LOCK_BYTES, Lock } from "../sync/lock";
import { Rank } from "../sync/order";

/** Bytes of a kernel line; what does not fit is cut. */
const LINE_BYTES_MAX: u32 = 240;
const SLOT_BYTES: u32 = 256;

const lines: usize = memory.data(128, 8);
const buffers: usize = memory.data(1024, 8);
const consoleLock: usize = memory.data(16, 8);

if (HARTS_MAX * SLOT_BYTES > 1024 || HARTS_MAX * offsetof<Line>() > 128)
  ERROR("a line and a buffer for each hart");
if (LOCK_BYTES > 16) ERROR("consoleLock is 16 bytes");

export function printInit(): void {
  changetype<Lock>(consoleLock).init(Rank.Console);
}

/** Starts a line of this hart. End it with `endLine`. */
export function beginLine(): Line {
  const index = <u32>(hartPointer() - harts()) / HART_STRIDE;
  return changetype<Line>(lines + index * 32).begin(buffers + index * SLOT_BYTES, LINE_BYTES_MAX);
}

/** Sends the line, with a line feed. */
export function endLine(line: Line): void {
  // The buffer is longer than the line may be, so there is always room for the line feed.
  store<u8>(line.address + line.length, 0x0a);
  printBytes(line.address, line.length + 1);
}

/** Sends `length` bytes whole. */
export function printBytes(start: usize, length: u32): void {
  const lock = changetype<Lock>(consoleLock);
  lock.acquire();
  uartWrite(start, length);
  lock.release();
}

/** Sends the line without the lock: after a panic its holder may never give it back. */
export function endLinePanic(line: Line): void {
  store<u8>(line.address + line.length, 0x0a);
  uartWrite(line.address, line.length + 1);
}
