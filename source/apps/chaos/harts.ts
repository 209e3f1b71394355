/**
 * Harts stop and start while this task maps and unmaps pages. It unmaps on one hart a page that it has touched on
 * another, at the moment in which that one stops. It stops the hart that it runs on as soon as another is back. It
 * checks that a hart that has started another goes on ticking.
 */

import { Kind, Right } from "abi/handle";
import { Topic } from "abi/info";
import { PAGE_BYTES, USER_BEGIN, USER_MAPPINGS } from "abi/layout";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { Class } from "abi/task";
import {
  create,
  createTask,
  createVmo,
  currentHart,
  drop,
  information,
  killTask,
  map,
  mapInto,
  restartHart,
  result,
  startTask,
  stopHart,
  unmap,
  yieldTo,
} from "runtime/call";
import { line, print } from "runtime/log";
import { refusalName } from "runtime/names";
import { sleepFor } from "runtime/sleep";
import { slotOf } from "runtime/startup";

const PAGE: usize = USER_MAPPINGS;
/** The instruction `j .`: a task that never gives its hart up. */
const SPIN: u32 = 0x0000_006f;
/** Harts that are left to this task; each of the others gets a task that spins. */
const QUIET_HARTS: u32 = 2;
/**
 * The most pages that are mapped and unmapped while a hart stops; after each, the task checks whether it has stopped.
 */
const PAGES_MAX: u32 = 200;
/** How often the task asks a hart to start that is still stopping, and how long each pause is. */
const STARTS_MAX: u32 = 2_000;
const PAUSE_MILLISECONDS: u64 = 1;
/** A hart ticks a hundred times a second; a busy host may lose some of the ticks. */
const TICKS_MILLISECONDS: u64 = 500;
const TICKS_MIN: u64 = 5;

/** The tasks that spin: a slot for each hart. */
const HARTS_MAX: u32 = 4;
const spinners: usize = memory.data(HARTS_MAX * 4, 4);

/**
 * Prints `chaos: ok rounds=…`; or prints what failed and returns false. On a machine with one hart there is nothing to do.
 */
export function runHarts(rounds: u32): bool {
  if (information(slotOf(Role.Info), Topic.System, 0) < 0) {
    return false;
  }
  const harts = min<u32>(<u32>result(1), HARTS_MAX);
  let status = createVmo(PAGE_BYTES);
  if (status < 0) {
    return refused("createVmo", status);
  }
  const vmo = <u32>result(0);
  status = startSpinners(harts);
  if (status < 0) {
    return refused("making a task that spins", status);
  }
  if (harts > 1) {
    for (let round: u32 = 0; round < rounds; round++) {
      const target = (currentHart() + 1 + (round % (harts - 1))) % harts;
      if (!unmapAgainst(target, vmo) || !stopBehind(target)) {
        return false;
      }
    }
    if (!endSpinners(harts) || !ticksAfterStart((currentHart() + 1) % harts)) {
      return false;
    }
  }
  // Every hart comes to rest, so that all that the kernel holds can be counted (tools/explore/accounts.ts).
  sleepFor(PAUSE_MILLISECONDS);
  status = drop(vmo);
  if (status < 0) {
    return refused("drop", status);
  }
  print(line().text("chaos: ok rounds=").decimal(rounds));
  return true;
}

function startSpinners(harts: u32): i32 {
  let status = create(Kind.Notification);
  if (status < 0) {
    return status;
  }
  const ends = <u32>result(0);
  status = createVmo(PAGE_BYTES);
  if (status < 0) {
    return status;
  }
  const vmo = <u32>result(0);
  map(vmo, PAGE, 0, PAGE_BYTES, Right.Read | Right.Write);
  store<u32>(PAGE, SPIN);
  unmap(PAGE);
  for (let hart = QUIET_HARTS; hart < harts; hart++) {
    status = createTask(Class.Background, ends, 1);
    if (status < 0) {
      return status;
    }
    const task = <u32>result(0);
    store<u32>(spinners + (hart << 2), task);
    status = mapInto(task, vmo, USER_BEGIN, 0, PAGE_BYTES, Right.Read | Right.Execute);
    if (status >= 0) {
      status = startTask(task, USER_BEGIN, USER_BEGIN);
    }
    if (status < 0) {
      return status;
    }
  }
  return 0;
}

function endSpinners(harts: u32): bool {
  for (let hart = QUIET_HARTS; hart < harts; hart++) {
    const task = load<u32>(spinners + (hart << 2));
    if (!isDone("killTask", killTask(task)) || !isDone("drop", drop(task))) {
      return false;
    }
  }
  return true;
}

/** Unmaps pages while hart `target`, which has touched them, stops. Then starts that hart again. */
function unmapAgainst(target: u32, vmo: u32): bool {
  const here = currentHart();
  const rights: u32 = Right.Read | Right.Write;
  if (!isDone("map", map(vmo, PAGE, 0, PAGE_BYTES, rights))) {
    return false;
  }
  if (!isDone("yieldTo", yieldTo(target))) {
    return false;
  }
  store<u32>(PAGE, target);
  if (!isDone("yieldTo", yieldTo(here)) || !isDone("stopHart", stopHart(slotOf(Role.Harts), target))) {
    return false;
  }
  let isGone = false;
  for (let i: u32 = 0; i < PAGES_MAX && !isGone; i++) {
    if (!isDone("unmap", unmap(PAGE)) || !isDone("map", map(vmo, PAGE, 0, PAGE_BYTES, rights))) {
      return false;
    }
    store<u32>(PAGE, i);
    isGone = !isOnline(target);
  }
  return isDone("unmap", unmap(PAGE)) && start(target);
}

/** Stops the hart that this task runs on right after `target`, the other one, is back. Then starts it again. */
function stopBehind(target: u32): bool {
  const harts = slotOf(Role.Harts);
  if (!isDone("stopHart", stopHart(harts, target)) || !start(target)) {
    return false;
  }
  const here = currentHart();
  return isDone("stopHart", stopHart(harts, here)) && start(here);
}

/** Whether this hart goes on ticking after it has started `target`: a sleep follows at once. */
function ticksAfterStart(target: u32): bool {
  const here = currentHart();
  const before = ticksOf(here);
  if (!isDone("stopHart", stopHart(slotOf(Role.Harts), target)) || !start(target)) {
    return false;
  }
  sleepFor(TICKS_MILLISECONDS);
  const ticks = ticksOf(here) - before;
  if (ticks >= TICKS_MIN) {
    return true;
  }
  print(line().text("chaos: a hart that started another ticked ").decimal(ticks).text(" times in 500 ms"));
  return false;
}

/** Starts a hart, which may still be stopping. */
function start(hart: u32): bool {
  let status = Refusal.TryAgain;
  for (let i: u32 = 0; i < STARTS_MAX; i++) {
    status = restartHart(slotOf(Role.Harts), hart);
    // A hart that is still online has not even begun to stop.
    if (status !== Refusal.TryAgain && status !== Refusal.BadState && status !== Refusal.BadArgument) {
      break;
    }
    sleepFor(PAUSE_MILLISECONDS);
  }
  return isDone("restartHart", status);
}

function isOnline(hart: u32): bool {
  information(slotOf(Role.Info), Topic.System, 0);
  return (result(5) & ((<u64>1) << hart)) !== 0;
}

function ticksOf(hart: u32): u64 {
  information(slotOf(Role.Info), Topic.Hart, hart);
  return result(1);
}

function isDone(what: string, status: i32): bool {
  return status >= 0 || refused(what, status);
}

function refused(what: string, status: i32): bool {
  print(line().text("chaos: ").text(what).text(" gave ").text(refusalName(status)));
  return false;
}
