/**
 * The kernel's paths on one hart: calls that return at once, messages, signals, switches, mapping a page, a task's
 * life. Each function is one row of the table, or several similar ones.
 */
import { Kind, Right } from "abi/handle";
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { messageInfo } from "abi/message";
import { FOREVER, NO_SLOT, SELF, Syscall } from "abi/syscall";
import { Class } from "abi/task";
import { create, createVmo, drop, map, result, unmap } from "runtime/call";
import { awaitedCall, benchBeginStretch, benchEndStretch, benchOperation, measuredCall } from "./assembly";
import { awaitChild, endChild, startChild } from "./children";
import { ROUNDS, WARM_ROUNDS } from "./limits";
import { childEcho, childLeave, childSignal, childYield } from "./symbols";

/** Where a page is mapped and unmapped. */
const PAGE_ADDRESS: u64 = USER_MAPPINGS + 0x0010_0000;

/** 64 pages: the host divides what they cost by that. */
const BATCH_BYTES: u32 = 64 * PAGE_BYTES;

/** Measures all rows. Returns a refusal if something could not be created. */
export function measureKernel(): i32 {
  measureNull();
  measureYield();
  let status = measureSignal();
  if (status >= 0) {
    status = measureSwitch();
  }
  if (status >= 0) {
    status = measureWoken();
  }
  if (status >= 0) {
    status = measureMessages();
  }
  if (status >= 0) {
    status = measurePage();
  }
  if (status >= 0) {
    status = measureBatch();
  }
  if (status >= 0) {
    status = measureLife();
  }
  return status;
}

function measureNull(): void {
  benchOperation("null system call", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS; i++) {
    measuredCall(0, 0, 0, 0, 0, 0, 0, Syscall.Now);
  }
}

function measureYield(): void {
  benchOperation("yield, no other task to run", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS; i++) {
    measuredCall(0, 0, 0, 0, 0, 0, 0, Syscall.Yield);
  }
}

function measureSignal(): i32 {
  const status = create(Kind.Notification);
  if (status < 0) {
    return status;
  }
  const notification = result(0);
  benchOperation("signal, no task waits", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS; i++) {
    measuredCall(notification, 1, 0, 0, 0, 0, 0, Syscall.Signal);
  }
  return drop(<u32>notification);
}

/** From one task's yield to the other's return from its own; each round is two of them. */
export function measureSwitch(): i32 {
  const child = startChild(Class.App, childYield(), NO_SLOT, 0);
  if (child < 0) {
    return child;
  }
  benchOperation("yield, with switch", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS; i++) {
    measuredCall(0, 0, 0, 0, 0, 0, 0, Syscall.Yield);
  }
  endChild(child);
  return 0;
}

/** From the signal of a less urgent task to the return of this task from its wait. */
export function measureWoken(): i32 {
  const status = create(Kind.Notification);
  if (status < 0) {
    return status;
  }
  const notification = <u32>result(0);
  const child = startChild(Class.Background, childSignal(), notification, Right.Send);
  if (child < 0) {
    return child;
  }
  benchOperation("signal a waiting task, switch to it", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS; i++) {
    awaitedCall(notification, FOREVER, 0, 0, 0, 0, 0, Syscall.Wait);
  }
  endChild(child);
  return drop(notification);
}

function measureMessages(): i32 {
  const status = create(Kind.Endpoint);
  if (status < 0) {
    return status;
  }
  const endpoint = <u32>result(0);
  const child = startChild(Class.App, childEcho(), endpoint, Right.Receive);
  if (child < 0) {
    return child;
  }
  benchOperation("call and reply, 4 words", WARM_ROUNDS);
  callRounds(endpoint, 0);
  benchOperation("call and reply, 64 bytes", WARM_ROUNDS);
  callRounds(endpoint, 64);
  benchOperation("call and reply, 4096 bytes", WARM_ROUNDS);
  callRounds(endpoint, PAGE_BYTES);
  endChild(child);
  return drop(endpoint);
}

function callRounds(endpoint: u32, bytes: u32): void {
  const info = messageInfo(bytes);
  for (let i: u32 = 0; i < ROUNDS; i++) {
    measuredCall(endpoint, info, 1, 2, 3, 4, FOREVER, Syscall.Call);
  }
}

function measurePage(): i32 {
  const status = createVmo(PAGE_BYTES);
  if (status < 0) {
    return status;
  }
  const vmo = result(0);
  const rights = Right.Read | Right.Write;
  benchOperation("map a 4 KiB page", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS; i++) {
    measuredCall(SELF, vmo, PAGE_ADDRESS, 0, PAGE_BYTES, rights, 0, Syscall.Map);
    unmap(<usize>PAGE_ADDRESS);
  }
  benchOperation("unmap a 4 KiB page", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS; i++) {
    map(<u32>vmo, <usize>PAGE_ADDRESS, 0, PAGE_BYTES, rights);
    // Touches the page, so that the hart has a translation to forget.
    store<u32>(<usize>PAGE_ADDRESS, i);
    measuredCall(SELF, PAGE_ADDRESS, 0, 0, 0, 0, 0, Syscall.Unmap);
  }
  return drop(<u32>vmo);
}

/** Many pages in one call, where a table for them is. */
function measureBatch(): i32 {
  const status = createVmo(BATCH_BYTES);
  if (status < 0) {
    return status;
  }
  const vmo = result(0);
  const rights = Right.Read | Right.Write;
  benchOperation("map in a batch of 64, a page", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS; i++) {
    measuredCall(SELF, vmo, PAGE_ADDRESS, 0, BATCH_BYTES, rights, 0, Syscall.Map);
    unmap(<usize>PAGE_ADDRESS);
  }
  benchOperation("unmap in a batch of 64, a page", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS; i++) {
    map(<u32>vmo, <usize>PAGE_ADDRESS, 0, BATCH_BYTES, rights);
    measuredCall(SELF, PAGE_ADDRESS, 0, 0, 0, 0, 0, Syscall.Unmap);
  }
  return drop(<u32>vmo);
}

/** A task with one page of code, from its creation until all of it is gone. */
export function measureLife(): i32 {
  benchOperation("create, run, end and reap a task", WARM_ROUNDS);
  for (let i: u32 = 0; i < ROUNDS; i++) {
    benchBeginStretch();
    const child = startChild(Class.App, childLeave(), NO_SLOT, 0);
    if (child < 0) {
      return child;
    }
    const status = awaitChild(child);
    benchEndStretch();
    if (status < 0) {
      return status;
    }
  }
  return 0;
}
