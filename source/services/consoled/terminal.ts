/**
 * Where everything meets: what is printed, what is typed, the one line that is being edited, the device.
 *
 *     kernel's ring ──print()──▶ ┌────────┐
 *     write() ─────────────────▶ │ output │ ──transmit()──▶ UART
 *     editor's echo ───────────▶ └────────┘
 *                     edit() ◀── │ input  │ ◀──receive()─── UART
 *                                └────────┘
 *
 * Nothing here waits. `work` does what can be done now, and what stops it (no room, no byte, a transmitter that is busy)
 * ends with an interrupt or a signal, after which it is called again. What is full pushes back: a full output ring
 * leaves printed text with the kernel, which lets tasks wait; a full input ring leaves bytes in the device.
 *
 * Reached from main.ts and requests.ts; goes on in drivers/serial, line.ts and rings.ts.
 */
import { MESSAGE_BYTES_MAX } from "abi/message";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { FOREVER } from "abi/syscall";
import { consoleRead, deadlineIn, now, result, signal } from "runtime/call";
import { messagePage } from "runtime/ipc";
import { entryOf, startup } from "runtime/startup";
import { FIFO_BYTES, hasReceived, isFree, isIdle, listen, receiveByte, sendByte } from "serial/uart16550";
import { Line } from "text/line";
import { BURST_BYTES, EDITOR_OUTPUT_BYTES, INTERRUPT_MILLISECONDS, PRINTED_ROOM } from "./limits";
import { begin, clearOutput, feed, hide, output, show, Verdict } from "./line";
import {
  dropInterrupted,
  endsLine,
  hasInterrupt,
  inputCount,
  inputRoom,
  outputCount,
  outputRoom,
  putInput,
  putOutput,
  takeInput,
  takeOutput,
} from "./rings";

/** What the editor may need at any time, its line feeds doubled. */
const EDITOR_ROOM: u32 = 2 * EDITOR_OUTPUT_BYTES;

/** The capability by which the kernel hands out what was printed. */
let owner: u32 = 0;
/** Somebody has printed, or may have, and it was not all taken yet. */
let isPrinted: bool = false;
/** A line is being edited … */
let isEditing: bool = false;
/** … and is not on the screen, because something is printed there. */
let isHidden: bool = false;
/** A Ctrl-C that is left over when a line is done waits until then, in ticks. */
let interruptDue: u64 = 0;

export function openTerminal(ownerSlot: u32): void {
  owner = ownerSlot;
  // What was printed before we were told.
  isPrinted = true;
  clearOutput();
}

/** The kernel may have printed text for us. */
export function notePrinted(): void {
  isPrinted = true;
}

/** Begins to edit a line, drawn when all that was printed before is out of the way. Drops one that was being edited. */
export function beginLine(prompt: usize, length: u32): void {
  if (isEditing) {
    hideLine();
  }
  begin(prompt, length);
  isEditing = true;
  isHidden = true;
  isPrinted = true;
}

/**
 * Prints text behind all that was printed before.
 *
 * @returns false if there is no room for it now; nothing was printed then
 */
export function printText(start: usize, length: u32): bool {
  isPrinted = true;
  print();
  if (isPrinted || outputRoom() < 2 * length + EDITOR_ROOM) {
    return false;
  }
  hideLine();
  putOutput(start, length);
  print();
  return true;
}

/**
 * Everything that can be done now.
 *
 * @returns what has become of the line that is being edited; all but More end the editing
 */
export function work(): Verdict {
  receive();
  interrupt();
  print();
  const verdict = edit();
  transmit();
  return verdict;
}

/** Enables the interrupts that there is something to do for. */
export function awaitDevice(): void {
  listen(inputRoom() > 0, outputCount() > 0);
}

/** When `work` has to be called because of a Ctrl-C, in ticks. */
export function nextInterrupt(): u64 {
  return isEditing || !hasInterrupt() ? FOREVER : interruptDue;
}

/** Whether all that was printed was given to the device. */
export function isDrained(): bool {
  return !isPrinted && outputCount() === 0;
}

/** Whether it has left the device, too. */
export function isFlushed(): bool {
  return isDrained() && isIdle();
}

function receive(): void {
  for (let left = min<u32>(BURST_BYTES, inputRoom()); left > 0 && hasReceived(); left--) {
    putInput(receiveByte());
  }
}

/** A Ctrl-C while nobody reads a line is for the program in front: who looks after that is told. What was typed before it goes. */
function interrupt(): void {
  if (isEditing || !hasInterrupt() || now() < interruptDue || !dropInterrupted()) {
    return;
  }
  if (outputRoom() >= EDITOR_ROOM) {
    output().text("^C\n");
    takeEcho();
  }
  const front = entryOf(Role.Foreground, 0);
  if (front !== null) {
    signal(front.slot, front.base);
  }
}

/** Takes from the kernel what was printed, as far as there is room, and then draws the line anew. */
function print(): void {
  while (isPrinted && outputRoom() >= PRINTED_ROOM + EDITOR_ROOM) {
    const count = consoleRead(owner) === Refusal.None ? min<u32>(<u32>result(0), MESSAGE_BYTES_MAX) : 0;
    if (count === 0) {
      isPrinted = false;
      break;
    }
    hideLine();
    putOutput(messagePage(), count);
  }
  if (!isEditing || !isHidden || isPrinted || outputRoom() < EDITOR_ROOM) {
    return;
  }
  // Whoever left a line open is not overwritten.
  if (!endsLine()) {
    output().text("\n");
  }
  show();
  takeEcho();
  isHidden = false;
}

/** Takes the line that is being edited off the screen. */
function hideLine(): void {
  if (!isEditing || isHidden) {
    return;
  }
  hide();
  takeEcho();
  isHidden = true;
}

function edit(): Verdict {
  while (isEditing && !isHidden && inputCount() > 0 && outputRoom() >= EDITOR_ROOM) {
    const verdict = feed(takeInput());
    takeEcho();
    if (verdict === Verdict.More) {
      continue;
    }
    isEditing = false;
    interruptDue = hasInterrupt() ? deadlineIn(INTERRUPT_MILLISECONDS, startup().timebase) : 0;
    return verdict;
  }
  return Verdict.More;
}

/** What the editor has to say goes out behind everything else. */
function takeEcho(): void {
  const echo: Line = output();
  putOutput(echo.address, echo.length);
  clearOutput();
}

/** Fills the transmitter's FIFO, if it is empty; its interrupt brings us back for the next part. */
function transmit(): void {
  if (!isFree()) {
    return;
  }
  for (let i: u32 = 0; i < FIFO_BYTES && outputCount() > 0; i++) {
    sendByte(takeOutput());
  }
}
