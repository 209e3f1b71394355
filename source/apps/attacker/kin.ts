/**
 * Tasks that try to outlast their maker: unborn ones that hold themselves or each other, and memory with them; children
 * that never give their hart up, whose maker ends. Also a task that is killed while it waits for a hart that it will
 * never get.
 *
 * The kernel signals the end of a maker when all that it made is gone, so the check comes right after that signal.
 */

import { Kind, Right } from "abi/handle";
import { PAGE_BYTES, USER_BEGIN, USER_MAPPINGS } from "abi/layout";
import { SELF, Syscall } from "abi/syscall";
import { Class, TaskState } from "abi/task";
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
  taskStatus,
  unmap,
} from "runtime/call";
import { sleepFor } from "runtime/sleep";
import { freeBytes, taskCount } from "./exhaustion";
import { puppet } from "./puppet/puppet";
import { tellNumber, tellStatus } from "./report";

/** The instruction `j .`. */
const SPIN: u32 = 0x0000_006f;
const CODE_WINDOW: usize = USER_MAPPINGS;

/** Pairs of unborn tasks, and what each of them is given to hold. */
const PAIRS: u32 = 4;
const HELD_BYTES: u32 = 0x0010_0000;
/** Children that spin: more than there are harts. */
const SPINNERS: u32 = 6;
/** The puppet's slots: its notification, the two tasks of a pair, the memory, and the code that was granted to it. */
const NOTIFICATION: u32 = 0;
const FIRST: u32 = 1;
const SECOND: u32 = 2;
const HAND: u32 = 3;
const CODE: u32 = 40;
const SLOT_THERE: u32 = 7;

const PAUSE_MILLISECONDS: u64 = 20;
/** How often the test looks whether all is given back. */
const LOOKS_MAX: u32 = 100;

const hogs: usize = memory.data(SPINNERS * 4, 4);

export function attackKin(): void {
  const code = makeSpinCode();
  if (code < 0) {
    return tellStatus("making code", code);
  }
  // A first run does not count: after it, this task holds all the memory that it needs and keeps.
  if (!holdEachOther(false) || !leaveChildren(<u32>code, false)) {
    return;
  }
  if (holdEachOther(true) && leaveChildren(<u32>code, true)) {
    killQueued(<u32>code);
  }
}

/** A page of code that spins; its slot, or a refusal. */
export function makeSpinCode(): i32 {
  const status = createVmo(PAGE_BYTES);
  if (status < 0) {
    return status;
  }
  const vmo = <u32>result(0);
  map(vmo, CODE_WINDOW, 0, PAGE_BYTES, Right.Read | Right.Write);
  store<u32>(CODE_WINDOW, SPIN);
  unmap(CODE_WINDOW);
  return <i32>vmo;
}

/** Each task of a pair holds itself, the other and a megabyte. When their maker ends, no other task names them. */
function holdEachOther(isTold: bool): bool {
  const tasks = taskCount();
  const bytes = freeBytes();
  const maker = puppet(0);
  if (maker === null) {
    return false;
  }
  maker.does(Syscall.Create, Kind.Notification, 0, 0, 0, 0);
  for (let i: u32 = 0; i < PAIRS; i++) {
    maker.does(Syscall.CreateTask, Class.App, NOTIFICATION, 1, SELF, 0);
    maker.does(Syscall.CreateTask, Class.App, NOTIFICATION, 1, SELF, 0);
    maker.does(Syscall.CreateVmo, HELD_BYTES, SELF, 0, 0, 0);
    maker.does(Syscall.Grant, FIRST, HAND, Right.All, 0, SLOT_THERE);
    maker.does(Syscall.Drop, HAND, 0, 0, 0, 0);
    maker.does(Syscall.Grant, FIRST, FIRST, Right.All, 0, SLOT_THERE + 1);
    maker.does(Syscall.Grant, FIRST, SECOND, Right.All, 0, SLOT_THERE + 2);
    maker.does(Syscall.Grant, SECOND, FIRST, Right.All, 0, SLOT_THERE);
    maker.does(Syscall.Drop, FIRST, 0, 0, 0, 0);
    maker.does(Syscall.Drop, SECOND, 0, 0, 0, 0);
  }
  const last = maker.step(maker.steps - 1);
  maker.leaves().starts();
  if (!maker.awaitEnd()) {
    return false;
  }
  if (isTold) {
    tellNumber("pairs made", last.status === 0 ? PAIRS : 0);
  }
  maker.forget();
  if (isTold) {
    tellNumber("tasks left of the pairs", taskCount() - tasks);
    tellNumber("bytes left of the pairs", bytes - freeBytes());
  }
  return true;
}

/** The maker starts children that spin, drops its capabilities, and ends. */
function leaveChildren(code: u32, isTold: bool): bool {
  const tasks = taskCount();
  const bytes = freeBytes();
  const maker = puppet(0);
  if (maker === null || grant(maker.task, code, Right.All, 0, CODE) < 0) {
    return false;
  }
  maker.does(Syscall.Create, Kind.Notification, 0, 0, 0, 0);
  for (let i: u32 = 0; i < SPINNERS; i++) {
    maker.does(Syscall.CreateTask, Class.App, NOTIFICATION, 1, SELF, 0);
    const step = maker.does(Syscall.Map, FIRST, CODE, USER_BEGIN, 0, PAGE_BYTES);
    step.a5 = Right.Read | Right.Execute;
    maker.does(Syscall.StartTask, FIRST, USER_BEGIN, USER_BEGIN, 0, 0);
    maker.does(Syscall.Drop, FIRST, 0, 0, 0, 0);
  }
  const started = maker.step(maker.steps - 2);
  maker.leaves().starts();
  if (!maker.awaitEnd()) {
    return false;
  }
  if (isTold) {
    tellStatus("starting a child that spins", <i32>started.status);
  }
  maker.forget();
  if (isTold) {
    tellNumber("tasks left of the children", taskCount() - tasks);
    tellNumber("bytes left of the children", bytes - freeBytes());
  }
  return true;
}

/** Every hart is busy with tasks of class App; one of class Background is killed before it ever runs. */
function killQueued(code: u32): void {
  if (create(Kind.Notification) < 0) {
    return;
  }
  const ends = <u32>result(0);
  for (let i: u32 = 0; i < SPINNERS; i++) {
    store<u32>(hogs + (i << 2), spinner(code, Class.App, ends));
  }
  const victim = spinner(code, Class.Background, ends);
  tellStatus("killing a task that never gets a hart", killTask(victim));
  taskStatus(victim);
  tellNumber("its state right after", result(0) === TaskState.Ended ? 1 : 0);
  for (let i: u32 = 0; i < SPINNERS; i++) {
    killTask(load<u32>(hogs + (i << 2)));
  }
  let ended: u32 = 0;
  for (let i: u32 = 0; i < LOOKS_MAX && ended < SPINNERS; i++) {
    ended = 0;
    for (let hog: u32 = 0; hog < SPINNERS; hog++) {
      taskStatus(load<u32>(hogs + (hog << 2)));
      if (result(0) === TaskState.Ended) {
        ended += 1;
      }
    }
    sleepFor(PAUSE_MILLISECONDS);
  }
  tellNumber("tasks that spin and were ended", ended);
  for (let i: u32 = 0; i < SPINNERS; i++) {
    drop(load<u32>(hogs + (i << 2)));
  }
  drop(victim);
  drop(ends);
}

/** A child of this task that spins; its slot. */
export function spinner(code: u32, taskClass: Class, ends: u32): u32 {
  createTask(taskClass, ends, 1);
  const task = <u32>result(0);
  mapInto(task, code, USER_BEGIN, 0, PAGE_BYTES, Right.Read | Right.Execute);
  startTask(task, USER_BEGIN, USER_BEGIN);
  return task;
}
