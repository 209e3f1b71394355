/**
 * The tasks at the other end of a path: each is one loop of measured.S in an address space of its own, with one
 * capability, in slot 0. All of them share one page of code.
 */
import { Kind, Right } from "abi/handle";
import { PAGE_BYTES, STACK_TOP, USER_MAPPINGS } from "abi/layout";
import { FOREVER, NO_SLOT } from "abi/syscall";
import { Class } from "abi/task";
import {
  create,
  createTask,
  createVmo,
  drop,
  grant,
  killTask,
  map,
  mapInto,
  result,
  startTask,
  unmap,
  wait,
} from "runtime/call";
import { measuredPage, measuredPageEnd } from "./symbols";

/** Where the page of code is filled. */
const CODE_WINDOW: usize = USER_MAPPINGS;

let code: u32 = NO_SLOT;
/** Signalled when a child ends. */
let ended: u32 = NO_SLOT;

/** Makes what all children share. Returns a refusal on failure. */
export function prepareChildren(): i32 {
  let status = create(Kind.Notification);
  if (status < 0) {
    return status;
  }
  ended = <u32>result(0);
  status = createVmo(PAGE_BYTES);
  if (status < 0) {
    return status;
  }
  code = <u32>result(0);
  status = map(code, CODE_WINDOW, 0, PAGE_BYTES, Right.Read | Right.Write);
  if (status < 0) {
    return status;
  }
  memory.copy(CODE_WINDOW, measuredPage(), measuredPageEnd() - measuredPage());
  return unmap(CODE_WINDOW);
}

/**
 * A child of `taskClass` that begins at `entry` of measured.S, with `slot` cut to `rights` unless that is NO_SLOT.
 * Its slot here, or a refusal.
 */
export function startChild(taskClass: Class, entry: usize, slot: u32, rights: u32): i32 {
  let status = createTask(taskClass, ended, 1);
  if (status < 0) {
    return status;
  }
  const task = <u32>result(0);
  status = giveCode(task);
  if (status >= 0 && slot !== NO_SLOT) {
    status = grant(task, slot, rights, 0, 0);
  }
  if (status >= 0) {
    status = startTask(task, entry, STACK_TOP);
  }
  return status < 0 ? status : <i32>task;
}

/** Maps the page of code into a task that was not started yet, where all have it. */
export function giveCode(task: u32): i32 {
  return mapInto(task, code, measuredPage(), 0, PAGE_BYTES, Right.Read | Right.Execute);
}

/** The memory object of the page of code. */
export function codeOfChildren(): u32 {
  return code;
}

/** Waits until a child has left by itself, and drops its capability. */
export function awaitChild(task: u32): i32 {
  const status = wait(ended, FOREVER);
  drop(task);
  return status;
}

/** Ends a child. */
export function endChild(task: u32): void {
  killTask(task);
  awaitChild(task);
}
