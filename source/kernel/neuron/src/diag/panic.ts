/**
 * The end of the kernel: an assertion of ours failed, or the kernel itself faulted. One line says what, then come
 * addresses; `./nx` turns them into functions and `.ts` lines. Every other hart is stopped first, and no lock is taken:
 * its holder may be one of them. Then the machine is turned off, as it is at the end of any run.
 *
 * The addresses are what on this hart's stack points behind a call in the kernel's text, newest first: the kernel keeps
 * no frame pointers, so an old one may be among them.
 */
import { exitName } from "abi/exit";
import { End, TASK_NAME_BYTES } from "abi/task";
import { PRODUCTION } from "gen/profile";
import { lengthToZero } from "text/bytes";
import { exceptionName } from "../arch/riscv/cause";
import { finishWithFailure } from "../arch/riscv/finisher";
import { KERNEL_STACK_BYTES, STACK_GUARD_BYTES } from "../arch/riscv/frame";
import { onlineMask, thisHart } from "../arch/riscv/hart";
import { readTime, wfi } from "../arch/riscv/intrinsics";
import { stopOthers } from "../arch/riscv/ipi";
import { sbiErrorName } from "../arch/riscv/sbi/call";
import { shutdown } from "../arch/riscv/sbi/reset";
import { __text_end, __text_start } from "../arch/riscv/symbols";
import { timebaseHz } from "../arch/riscv/timer";
import { uartDrain } from "../arch/riscv/uart";
import { ATOMIC_BYTES, AtomicWord } from "../sync/atomic";
import { beginLine, endLinePanic, sealConsole } from "./print";

/** Addresses that are printed. */
const TRACE_MAX: u32 = 16;
const INSTRUCTION_BYTES: usize = 4;

/** Index + 1 of the hart that reports, 0 for none. */
const reporter = changetype<AtomicWord>(memory.data(ATOMIC_BYTES, 4));
/** Bit per hart that stands still. */
const still = changetype<AtomicWord>(memory.data(ATOMIC_BYTES, 4));
/**
 * How long the others are waited for, as a part of a second: long enough to send a line at 115,200 baud. They come to
 * their next interrupt soon, but for one that spins on a lock which this hart holds, and that one says nothing any
 * more.
 */
const STILL_PARTS_OF_SECOND: u64 = 20;

/**
 * Only one hart reports; any other that panics too waits to be stopped. A panic within the report ends it. No other
 * hart prints from here on: what another hart has begun is done, or does not come.
 */
function enterPanic(): void {
  if (!reporter.move(0, thisHart().index + 1)) {
    if (isReporter()) {
      shutdown(true);
    }
    halt();
  }
  stopOthers();
  const others = onlineMask() & ~(1 << thisHart().index);
  const deadline = readTime() + timebaseHz() / STILL_PARTS_OF_SECOND;
  while ((still.value & others) !== others && readTime() < deadline) {}
  sealConsole();
}

function isReporter(): bool {
  return reporter.value === thisHart().index + 1;
}

/**
 * Turns the machine off. Firmware that finds no device to do it with refuses: then every hart stands still, and one
 * line says that the machine has to be ended from outside (tools/boot/run.ts does). Does not return.
 */
export function turnOff(failed: bool): void {
  uartDrain();
  if (failed) {
    finishWithFailure();
  }
  const error = shutdown(failed);
  if (!isReporter()) {
    enterPanic();
  }
  const line = beginLine().text("neuron: the firmware cannot turn this machine off (");
  line
    .text(sbiErrorName(error))
    .text(", SBI error -")
    .decimal(<u64>-(<i64>error));
  endLinePanic(line.text("); end it from outside"));
  uartDrain();
  halt();
}

/** This hart does nothing any more. */
export function halt(): void {
  still.set(1 << thisHart().index);
  for (;;) {
    wfi();
  }
}

/** The instruction before `address` is a call: jal or jalr that writes ra (unprivileged ISA 2.5), or c.jalr. */
function isBehindCall(address: usize): bool {
  if (address < __text_start() + INSTRUCTION_BYTES || address >= __text_end() || (address & 1) !== 0) {
    return false;
  }
  const long = <u32>load<u16>(address - 4) | ((<u32>load<u16>(address - 2)) << 16);
  const isJalRa = (long & 0xfff) === 0x0ef;
  const isJalrRa = (long & 0x7fff) === 0x00e7;
  const isCompressedJalr = (load<u16>(address - 2) & 0xf07f) === 0x9002 && load<u16>(address - 2) !== 0x9002;
  return isJalRa || isJalrRa || isCompressedJalr;
}

/** A production build says where in the kernel's text it is, and nothing of other addresses. */
function printAddress(address: u64): void {
  const line = beginLine().text("  at ");
  const low = <usize>address;
  if (!PRODUCTION) {
    line.hex(address);
  } else if (address >> 32 === 0xffff_ffff && low >= __text_start() && low < __text_end()) {
    line.text("+").hex(low - __text_start());
  } else {
    line.text("?");
  }
  endLinePanic(line);
}

/** Prints what looks like return addresses between `sp` and the top of this hart's stack. */
function printTrace(sp: usize): void {
  const top = <usize>thisHart().stackTop;
  const bottom = top - KERNEL_STACK_BYTES;
  if (sp >= top || sp < bottom - STACK_GUARD_BYTES) {
    return;
  }
  let printed: u32 = 0;
  // A stack that overflowed points into its guard page: all of it is looked through.
  for (let at = (max(sp, bottom) + 7) & ~7; at < top && printed < TRACE_MAX; at += 8) {
    const word = load<u64>(at);
    if (word >> 32 !== 0xffff_ffff || !isBehindCall(<usize>word)) {
      continue;
    }
    printAddress(word);
    printed++;
  }
}

function finish(sp: usize): void {
  printTrace(sp);
  turnOff(true);
}

/** From trap.S: the kernel trapped. On the panic stack. */
export function kernelFault(cause: u64, value: u64, pc: u64, sp: u64, ra: u64): void {
  enterPanic();
  const line = beginLine().text("PANIC ");
  if (!PRODUCTION) {
    line.text("hart=").decimal(thisHart().index).text(" ");
  }
  line.text("cause=").decimal(cause).text(" name=").text(exceptionName(cause));
  if (!PRODUCTION) {
    line.text(" stval=").hex(value).text(" sepc=").hex(pc);
  }
  endLinePanic(line);
  printAddress(pc);
  printAddress(ra);
  finish(<usize>sp);
}

/**
 * The task that looks after all others has ended: the run is over. Says how, and turns the machine off. A fault of it
 * has said before what and where (diag/markers.ts).
 */
export function systemEnded(nameAddress: usize, end: End, detail: u64): void {
  enterPanic();
  const words = beginLine().text("neuron: ");
  words.printable(nameAddress, lengthToZero(nameAddress, TASK_NAME_BYTES)).text(" ended");
  if (end === End.Exit) {
    words.text(": exit code ").code(<u64>(<u32>detail), exitName(<u32>detail));
  }
  endLinePanic(words.text("; without it the system cannot go on, so the machine is turned off"));
  turnOff(true);
}

/** From a failed assertion (asc's `--use abort=`): where it stands in the sources. */
export function abort(message: string | null, fileName: string | null, line: u32, column: u32): void {
  enterPanic();
  const words = beginLine().text("PANIC ");
  if (!PRODUCTION) {
    words.text("hart=").decimal(thisHart().index).text(" ");
  }
  words.text("assertion failed");
  if (message !== null) {
    words.text(": ").text(message);
  }
  if (fileName !== null) {
    words.text(" at ").text(fileName).text(":").decimal(line).text(":").decimal(column);
  }
  endLinePanic(words);
  // A local's address would do as stack pointer; this hart's whole stack is looked through instead.
  finish(<usize>thisHart().stackTop - KERNEL_STACK_BYTES);
}
