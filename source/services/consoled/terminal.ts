/**
 * Connects printed text, typed bytes, the one line that is being edited, and the device.
 *
 *     kernel's ring ──print()──▶ ┌────────┐
 *     write() ─────────────────▶ │ output │ ──transmit()──▶ UART
 *     editor's echo ───────────▶ └────────┘
 *                     edit() ◀── │ input  │ ◀──receive()─── UART
 *                                └────────┘
 *
 * Nothing here waits. `work` does what can be done now. When it stops (no room, no byte, a busy transmitter), an
 * interrupt or a signal follows later, and then it is called again. A full ring slows its source down: a full output
 * ring leaves printed text with the kernel, which lets tasks wait; a full input ring leaves bytes in the device.
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

/** The room that the editor may need at any time, its line feeds doubled. */
const EDITOR_ROOM: u32 = 2 * EDITOR_OUTPUT_BYTES;

/** The capability for reading printed text from the kernel. */
let owner: u32 = 0;
/** The kernel has printed text for us, or may have, and we have not taken all of it yet. */
let isPrinted: bool = false;
/** A line is being edited … */
let isEditing: bool = false;
/** … and is not on the screen, because other text is being printed. */
let isHidden: bool = false;
/** When to handle a Ctrl-C that was typed together with a line, in ticks. */
let interruptDue: u64 = 0;

export function openTerminal(ownerSlot: u32): void {
  owner = ownerSlot;
  // Text may have been printed before the first signal.
  isPrinted = true;
  clearOutput();
}

/** The kernel may have printed text for us. */
export function notePrinted(): void {
  isPrinted = true;
}

/** Begins to edit a line, which is drawn after all text that was printed before. Drops a line that was being edited. */
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
 * Prints text after all text that was printed before.
 *
 * @returns false if there is no room for it now, and nothing was printed
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
 * Does everything that can be done now.
 *
 * @returns the verdict on the line that is being edited; all but More end the editing
 */
export function work(): Verdict {
  receive();
  interrupt();
  print();
  const verdict = edit();
  transmit();
  return verdict;
}

/** Enables the interrupts that we need now. */
export function awaitDevice(): void {
  listen(inputRoom() > 0, outputCount() > 0);
}

/** When `work` has to be called for a Ctrl-C that was held back, in ticks. */
export function nextInterrupt(): u64 {
  return isEditing || !hasInterrupt() ? FOREVER : interruptDue;
}

/** Whether all printed text was given to the device. */
export function isDrained(): bool {
  return !isPrinted && outputCount() === 0;
}

/** Whether it has also left the device. */
export function isFlushed(): bool {
  return isDrained() && isIdle();
}

function receive(): void {
  for (let left = min<u32>(BURST_BYTES, inputRoom()); left > 0 && hasReceived(); left--) {
    putInput(receiveByte());
  }
}

/**
 * A Ctrl-C while no client reads a line is for the program in front, so nexus-init is told. All that was typed before
 * it is dropped.
 */
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

/** Takes printed text from the kernel, as far as there is room, and then draws the line again. */
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
  // A text that did not end its line is not overwritten.
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

/** Moves the editor's output behind everything else. */
function takeEcho(): void {
  const echo: Line = output();
  putOutput(echo.address, echo.length);
  clearOutput();
}

/** Fills the transmitter's FIFO if it is empty. Its interrupt calls for the next part. */
function transmit(): void {
  if (!isFree()) {
    return;
  }
  for (let i: u32 = 0; i < FIFO_BYTES && outputCount() > 0; i++) {
    sendByte(takeOutput());
  }
}
