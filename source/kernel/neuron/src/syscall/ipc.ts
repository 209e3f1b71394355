/**
 * Messages and notifications: what a task asked for, checked. Reached from syscall/dispatch.ts; goes on in ipc/call.ts
 * and ipc/notification.ts.
 */
import { Kind, Right } from "abi/handle";
import { Refusal } from "abi/refusal";
import { FOREVER } from "abi/syscall";
import { Hart } from "../arch/riscv/hart";
import * as messages from "../ipc/call";
import { bind, signal, waitFor } from "../ipc/notification";
import { setStatus } from "../ipc/results";
import { capabilityAt, check, checkSignal } from "../task/handles";
import { Task } from "../task/objects";

export function call(hart: Hart, task: Task): void {
  const refusal = check(task, task.a0, Kind.Endpoint, Right.Send);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  messages.call(hart, task, capabilityAt(task, <u32>task.a0), task.a6);
}

export function receive(hart: Hart, task: Task, slot: u64, deadline: u64): void {
  const refusal = check(task, slot, Kind.Endpoint, Right.Receive);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  messages.receive(hart, task, capabilityAt(task, <u32>slot), deadline);
}

export function reply(task: Task): void {
  messages.reply(task, task.a0);
}

export function replyReceive(hart: Hart, task: Task): void {
  answerAndReceive(hart, task, FOREVER);
}

/** The deadline is in the place of the third word, so the reply has two words, and zeros. */
export function replyReceiveUntil(hart: Hart, task: Task): void {
  const deadline = task.a4;
  task.a4 = 0;
  task.a5 = 0;
  answerAndReceive(hart, task, deadline);
}

function answerAndReceive(hart: Hart, task: Task, deadline: u64): void {
  const refusal = check(task, task.a0, Kind.Endpoint, Right.Receive);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  messages.replyReceive(hart, task, capabilityAt(task, <u32>task.a0), task.a6, deadline);
}

export function signalSlot(task: Task, slot: u64, bits: u64): void {
  const refusal = checkSignal(task, slot, bits);
  setStatus(task, refusal);
  if (refusal === Refusal.None) {
    signal(capabilityAt(task, <u32>slot).notification, bits);
  }
}

export function wait(hart: Hart, task: Task, slot: u64, deadline: u64): void {
  let refusal = check(task, slot, Kind.Notification, Right.Receive);
  if (refusal === Refusal.None) {
    refusal = waitFor(hart, task, capabilityAt(task, <u32>slot).notification, deadline);
  }
  if (refusal !== Refusal.None) {
    setStatus(task, refusal);
  }
}

export function bindSlot(task: Task, slot: u64): void {
  const refusal = check(task, slot, Kind.Notification, Right.Receive);
  setStatus(
    task,
    refusal === Refusal.None ? bind(task, capabilityAt(task, <u32>slot).notification) : refusal,
  );
}
