/**
 * What a task finds in its registers when it goes on: status in a0, results in a1–a6. Only on a task that this hart
 * runs or has claimed.
 */
import { NOTIFIED } from "abi/syscall";
import { Task } from "../task/objects";

/** There is no compressed form of ecall. */
const ECALL_BYTES: u64 = 4;

/** The status. The other registers stay as the task had them. */
export function setStatus(task: Task, status: i32): void {
  task.a0 = <u64>(<i64>status);
}

/**
 * The task makes its system call once more, with the same arguments: it stands before its ecall again, and interrupts
 * are taken there. The rest of the call goes on where `task` says how far it has come.
 */
export function callAgain(task: Task): void {
  task.sepc -= ECALL_BYTES;
}

/** Status 0 and one word. */
export function setResult(task: Task, value: u64): void {
  task.a0 = 0;
  task.a1 = value;
}

/** Status 0 and two words. */
export function setTwoResults(task: Task, r1: u64, r2: u64): void {
  task.a0 = 0;
  task.a1 = r1;
  task.a2 = r2;
}

/** What Receive gives when its notification was signalled: the bits in place of a message's first word. */
export function setNotified(task: Task, bits: u64): void {
  setTwoResults(task, 0, bits);
  task.a0 = NOTIFIED;
}

/** Status 0 and six words. */
export function setResults(task: Task, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64, r6: u64): void {
  task.a0 = 0;
  task.a1 = r1;
  task.a2 = r2;
  task.a3 = r3;
  task.a4 = r4;
  task.a5 = r5;
  task.a6 = r6;
}
