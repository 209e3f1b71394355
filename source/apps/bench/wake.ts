/**
 * A task is woken on another hart: this task signals, the other hart gets an interrupt, a child there leaves its wait.
 * Both harts work for this, and the host counts each by itself.
 */

import { Kind, Right } from "abi/handle";
import { Refusal } from "abi/refusal";
import { FOREVER, Syscall } from "abi/syscall";
import { Class } from "abi/task";
import { create, result } from "runtime/call";
import { moveTo } from "runtime/harts";
import { sleepFor } from "runtime/sleep";
import { benchOperation, measuredCall } from "./assembly";
import { endChild, startChild } from "./children";
import { ROUNDS, WARM_ROUNDS } from "./limits";
import { childAnswer, childWait } from "./symbols";

/**
 * The pause between two signals: the other hart is idle again by then, and the rate stays below the limit of interrupts
 * a second.
 */
const PAUSE_MILLISECONDS: u64 = 5;

/** Returns a refusal if something could not be created. */
export function measureWake(): i32 {
  const status = create(Kind.Notification);
  if (status < 0) {
    return status;
  }
  const notification = <u32>result(0);
  if (!moveTo(0)) {
    return Refusal.HartOffline;
  }
  // The other hart is idle, and gets the child.
  const child = startChild(Class.App, childWait(), notification, Right.Receive);
  if (child < 0) {
    return child;
  }
  benchOperation("wake a task on another hart", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS; i++) {
    sleepFor(PAUSE_MILLISECONDS);
    measuredCall(notification, 1, 0, 0, 0, 0, 0, Syscall.Signal);
  }
  sleepFor(PAUSE_MILLISECONDS);
  endChild(child);
  return 0;
}

/**
 * A call whose server answers and runs on, so its caller goes on elsewhere: both harts work for it. From the call to behind
 * the server's answer on the one, from WFI to behind the call on the other.
 */
export function measureCross(): i32 {
  const status = create(Kind.Endpoint);
  const endpoint = <u32>result(0);
  if (status < 0) {
    return status;
  }
  const child = startChild(Class.App, childAnswer(), endpoint, Right.Receive);
  if (child < 0) {
    return child;
  }
  benchOperation("call and reply, 4 words, from hart to hart", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS; i++) {
    sleepFor(PAUSE_MILLISECONDS);
    measuredCall(endpoint, 0, 1, 2, 3, 4, FOREVER, Syscall.Call);
  }
  endChild(child);
  return 0;
}
