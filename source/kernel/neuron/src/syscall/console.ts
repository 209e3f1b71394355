/** The console: lines of tasks, and the task that owns it. */
import { Kind, Right } from "abi/handle";
import { MESSAGE_BYTES_MAX } from "abi/message";
import { Refusal } from "abi/refusal";
import { CONSOLE_WRITE_MAX } from "abi/syscall";
import { HARTS_MAX } from "../arch/riscv/frame";
import { Hart } from "../arch/riscv/hart";
import { printBytes, takePrinted } from "../diag/print";
import { isConsoleOwner, takeConsole } from "../ipc/console";
import { setResult, setStatus } from "../ipc/results";
import { copyFromUser } from "../mm/user";
import { capabilityAt, check, checkSignal } from "../task/handles";
import { Task } from "../task/objects";

/** One buffer for each hart: the bytes are copied out of the task before the console's lock is taken. */
const buffers: usize = memory.data(HARTS_MAX * CONSOLE_WRITE_MAX, 8);

export function write(hart: Hart, task: Task, slot: u64, address: u64, bytes: u64): void {
  const refusal = check(task, slot, Kind.Console, Right.Write);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  if (bytes > CONSOLE_WRITE_MAX) {
    return setStatus(task, Refusal.BadArgument);
  }
  const buffer = buffers + hart.index * CONSOLE_WRITE_MAX;
  if (address > u32.MAX_VALUE || !copyFromUser(task.root, <u32>address, <u32>bytes, buffer)) {
    return setStatus(task, Refusal.BadAddress);
  }
  setStatus(task, printBytes(buffer, <u32>bytes) ? Refusal.None : Refusal.TryAgain);
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
