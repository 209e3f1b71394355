/**
 * Tasks that are made and never started, but killed or dropped, often enough to run out of anything that is not given
 * back. A program that could use up the kernel's memory or tasks this way would stop all others.
 */

import { Kind, Right } from "abi/handle";
import { Topic } from "abi/info";
import { PAGE_BYTES, USER_BEGIN } from "abi/layout";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { Class } from "abi/task";
import { create, createTask, createVmo, drop, information, killTask, mapInto, result } from "runtime/call";
import { line, print } from "runtime/log";
import { refusalName } from "runtime/names";
import { sleepFor } from "runtime/sleep";
import { slotOf } from "runtime/startup";
import { fail, failed } from "./report";

/** More than the kernel has room for tasks, memory objects or notifications at a time. */
const ROUNDS: u32 = 300;
/** A dropped task ends at a tick: there may be no room for the next one until then. */
const PAUSES_MAX: u32 = 500;
const PAUSE_MILLISECONDS: u64 = 10;

const MEMORY_BYTES: u32 = 16 * PAGE_BYTES;
/** The memory that all rounds together may cost: less than one round leaves behind if none of it is given back. */
const LOSS_BYTES_MAX: u64 = 16 * 4096;

/** `selftest: births ok n=<how many>`: all that unborn tasks held has come back, in both ways to give one up. */
export function testBirths(): bool {
  if (!giveUp("killing", true) || !giveUp("letting go of", false)) {
    return false;
  }
  print(
    line()
      .text("selftest: births ok n=")
      .decimal(2 * ROUNDS),
  );
  return true;
}

function giveUp(what: string, isKilled: bool): bool {
  if (create(Kind.Notification) < 0) {
    return fail(failed("births").text("no notification"));
  }
  const notification = <u32>result(0);
  const before = freeBytes();
  let pauses: u32 = 0;
  for (let round: u32 = 0; round < ROUNDS; ) {
    const status = bearAndGiveUp(notification, isKilled);
    if (status >= 0) {
      round += 1;
    } else if (status === Refusal.NoMemory && pauses < PAUSES_MAX) {
      pauses += 1;
      pause();
    } else {
      const words = failed("births").text(what).text(" tasks: refused after ").decimal(round);
      return fail(words.text(" of them: ").text(refusalName(status)));
    }
  }
  drop(notification);
  while (freeBytes() + LOSS_BYTES_MAX <= before && pauses < PAUSES_MAX) {
    pauses += 1;
    pause();
  }
  const after = freeBytes();
  if (after + LOSS_BYTES_MAX > before) {
    return true;
  }
  const words = failed("births").text(what).text(" tasks cost ");
  return fail(words.decimal(before - after).text(" bytes"));
}

function bearAndGiveUp(notification: u32, isKilled: bool): i32 {
  let status = createTask(Class.App, notification, 1);
  if (status < 0) {
    return status;
  }
  const task = <u32>result(0);
  status = createVmo(MEMORY_BYTES);
  if (status >= 0) {
    const vmo = <u32>result(0);
    status = mapInto(task, vmo, USER_BEGIN, 0, MEMORY_BYTES, Right.Read | Right.Write);
    drop(vmo);
  }
  if (status >= 0 && isKilled) {
    status = killTask(task);
  }
  drop(task);
  return status;
}

function freeBytes(): u64 {
  return information(slotOf(Role.Info), Topic.System, 0) < 0 ? 0 : result(4);
}

function pause(): void {
  sleepFor(PAUSE_MILLISECONDS);
}
