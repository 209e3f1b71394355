/** The console: lines of tasks, and the task that owns it. */
import { Kind, Right } from "abi/handle";
import { MESSAGE_BYTES_MAX } from "abi/message";
import { Refusal } from "abi/refusal";
import {
  CONSOLE_BADGE_DIGITS,
  CONSOLE_FRAME_MARK,
  CONSOLE_HEAD_BYTES,
  CONSOLE_LENGTH_DIGITS,
  CONSOLE_WRITE_MAX,
} from "abi/syscall";
import { HARTS_MAX } from "../arch/riscv/frame";
import { Hart } from "../arch/riscv/hart";
import { printBytes, takePrinted } from "../diag/print";
import { isConsoleOwner, takeConsole } from "../ipc/console";
import { setResult, setStatus } from "../ipc/results";
import { copyFromUser } from "../mm/user";
import { capabilityAt, check, checkSignal, NO_BADGE } from "../task/handles";
import { Task } from "../task/objects";

if (CONSOLE_HEAD_BYTES !== 1 + CONSOLE_BADGE_DIGITS + CONSOLE_LENGTH_DIGITS) {
  ERROR("a head is the mark, the badge and the length");
}

/** Of each buffer: the head of a frame, then the bytes. */
const BUFFER_BYTES: u32 = CONSOLE_HEAD_BYTES + CONSOLE_WRITE_MAX;
/** One buffer for each hart: the bytes are copied out of the task before the console's lock is taken. */
const buffers: usize = memory.data(HARTS_MAX * BUFFER_BYTES, 8);

export function write(hart: Hart, task: Task, slot: u64, address: u64, bytes: u64): void {
  const refusal = check(task, slot, Kind.Console, Right.Write);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  if (bytes > CONSOLE_WRITE_MAX) {
    return setStatus(task, Refusal.BadArgument);
  }
  const head = buffers + hart.index * BUFFER_BYTES;
  const text = head + CONSOLE_HEAD_BYTES;
  if (address > u32.MAX_VALUE || !copyFromUser(task.root, <u32>address, <u32>bytes, text)) {
    return setStatus(task, Refusal.BadAddress);
  }
  const badge = capabilityAt(task, <u32>slot).badge;
  const isFramed = badge !== NO_BADGE;
  if (isFramed) {
    writeHead(head, badge, <u32>bytes);
  }
  const start = isFramed ? head : text;
  const isPrinted = printBytes(start, <u32>(text - start) + <u32>bytes);
  setStatus(task, isPrinted ? Refusal.None : Refusal.TryAgain);
}

/** The head of a frame (abi/syscall.ts), CONSOLE_HEAD_BYTES long. */
function writeHead(head: usize, badge: u32, bytes: u32): void {
  store<u8>(head, <u8>CONSOLE_FRAME_MARK);
  writeHex(head + 1, badge, CONSOLE_BADGE_DIGITS);
  writeHex(head + 1 + CONSOLE_BADGE_DIGITS, bytes, CONSOLE_LENGTH_DIGITS);
}

function writeHex(to: usize, value: u32, digits: u32): void {
  for (let i: u32 = 0; i < digits; i++) {
    const digit = (value >> ((digits - 1 - i) << 2)) & 0xf;
    store<u8>(to + i, <u8>(digit < 10 ? 0x30 + digit : 0x57 + digit));
  }
}

/** Makes the caller the owner of the console, until it ends. There is one owner at a time. */
export function own(task: Task, slot: u64, notificationSlot: u64, bits: u64): void {
  let refusal = check(task, slot, Kind.Console, Right.Manage);
  if (refusal === Refusal.None) {
    refusal = checkSignal(task, notificationSlot, bits);
  }
  if (refusal === Refusal.None) {
    refusal = takeConsole(task, capabilityAt(task, <u32>notificationSlot).notification, bits);
  }
  setStatus(task, refusal);
}

/** Copies what was printed into the owner's message page. */
export function read(task: Task, slot: u64): void {
  const refusal = check(task, slot, Kind.Console, Right.Manage);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  if (!isConsoleOwner(task)) {
    return setStatus(task, Refusal.BadState);
  }
  setResult(task, takePrinted(task.messagePage, MESSAGE_BYTES_MAX));
}
