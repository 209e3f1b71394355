/**
 * Tasks that never give their hart up: two for each possible hart. If other tasks go on, the tick preempts. If the hogs
 * can be ended, a task that never enters the kernel by itself can be killed.
 */

import { Kind, Right } from "abi/handle";
import { PAGE_BYTES, USER_BEGIN, USER_MAPPINGS } from "abi/layout";
import { Class } from "abi/task";
import {
  create,
  createTask,
  createVmo,
  deadlineIn,
  drop,
  killTask,
  map,
  mapInto,
  now,
  result,
  startTask,
  unmap,
  wait,
} from "runtime/call";
import { line, print } from "runtime/log";
import { sleepFor } from "runtime/sleep";
import { startup } from "runtime/startup";
import { hogEnd, hogStart } from "./symbols";

const HOGS: u32 = 8;
/** How often this task sleeps while they run. */
const NAPS: u32 = 20;
const NAP_MILLISECONDS: u64 = 5;
/** If a sleep takes longer than this, the tick did not bring this task back. */
const PATIENCE_MILLISECONDS: u64 = 20_000;

/** The capabilities of the hogs. */
const tasks: usize = memory.data(HOGS * 4, 4);

/** `fault-probe: preemption ok …`, or false with a line that says what did not work. */
export function crowd(): bool {
  const code = makeCode();
  if (code < 0 || create(Kind.Notification) < 0) {
    return failed("no memory for the hogs");
  }
  const ends = <u32>result(0);
  for (let i: u32 = 0; i < HOGS; i++) {
    if (!startHog(i, <u32>code, ends)) {
      return failed("no hog");
    }
  }
  const begin = now();
  let naps: u32 = 0;
  while (naps < NAPS && now() < begin + patience()) {
    sleepFor(NAP_MILLISECONDS);
    naps += 1;
  }
  if (naps < NAPS) {
    return failed("the hogs kept the harts to themselves");
  }
  for (let i: u32 = 0; i < HOGS; i++) {
    if (killTask(load<u32>(tasks + (i << 2))) < 0) {
      return failed("no kill");
    }
  }
  let ended: u64 = 0;
  while (ended !== (1 << HOGS) - 1) {
    if (wait(ends, deadlineIn(PATIENCE_MILLISECONDS, startup().timebase)) < 0) {
      return failed("a hog goes on");
    }
    ended |= result(0);
  }
  for (let i: u32 = 0; i < HOGS; i++) {
    drop(load<u32>(tasks + (i << 2)));
  }
  print(line().text("fault-probe: preemption ok hogs=").decimal(HOGS).text(" naps=").decimal(naps));
  return true;
}

function patience(): u64 {
  return (PATIENCE_MILLISECONDS / 1000) * startup().timebase;
}

/** A page with the hog's code; its slot, or negative. */
function makeCode(): i32 {
  if (createVmo(PAGE_BYTES) < 0) {
    return -1;
  }
  const code = <u32>result(0);
  if (map(code, USER_MAPPINGS, 0, PAGE_BYTES, Right.Read | Right.Write) < 0) {
    return -1;
  }
  memory.copy(USER_MAPPINGS, hogStart(), hogEnd() - hogStart());
  unmap(USER_MAPPINGS);
  return <i32>code;
}

function startHog(index: u32, code: u32, ends: u32): bool {
  if (createTask(Class.App, ends, (<u64>1) << index) < 0) {
    return false;
  }
  const task = <u32>result(0);
  store<u32>(tasks + (index << 2), task);
  if (mapInto(task, code, USER_BEGIN, 0, PAGE_BYTES, Right.Read | Right.Execute) < 0) {
    return false;
  }
  return startTask(task, USER_BEGIN, USER_BEGIN) >= 0;
}

function failed(what: string): bool {
  print(line().text("fault-probe: preemption failed: ").text(what));
  return false;
}
