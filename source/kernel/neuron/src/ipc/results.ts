/**
 * What a task finds in its registers when it goes on: status in a0, results in a1–a6. Only on a task that this hart
 * runs or has claimed.
 */
import { Syscall } from "abi/syscall";
import { FRAME_FULL } from "../arch/riscv/frame";
import { Task } from "../task/task";

/** There is no compressed form of ecall. */
const ECALL_BYTES: u64 = 4;

/** The status, and zeros. */
export function setStatus(task: Task, status: i32): void {
  task.a0 = <u64>(<i64>status);
  task.a1 = 0;
  task.a2 = 0;
  task.a3 = 0;
  task.a4 = 0;
  task.a5 = 0;
  task.a6 = 0;
}

/**
 * The task makes the system call `number` once more, with the same arguments: it stands before its ecall again, and interrupts are
 * taken there. The rest of the call goes on where `task` says how far it has come.
 */
export function callAgain(
  task: Task,
  number: Syscall,
  a0: u64,
  a1: u64,
  a2: u64,
  a3: u64,
  a4: u64,
  a5: u64,
): void {
  task.a0 = a0;
  task.a1 = a1;
  task.a2 = a2;
  task.a3 = a3;
  task.a4 = a4;
  task.a5 = a5;
  task.a6 = 0;
  task.a7 = number;
  task.kind = FRAME_FULL;
  task.sepc -= ECALL_BYTES;
}

/** Status 0 and one word. */
export function setResult(task: Task, value: u64): void {
  setStatus(task, 0);
  task.a1 = value;
}

/** Status 0 and up to six words. */
export function setResults(task: Task, r1: u64, r2: u64, r3: u64, r4: u64, r5: u64, r6: u64): void {
  task.a0 = 0;
  task.a1 = r1;
  task.a2 = r2;
  task.a3 = r3;
  task.a4 = r4;
  task.a5 = r5;
  task.a6 = r6;
}
