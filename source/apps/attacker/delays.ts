/**
 * Making others wait. It measures how late this task comes back from a sleep, and how long a read of the disk takes,
 * alone and beside tasks of class Background whose work should delay no other task. It also measures a task's share of
 * a hart beside one that always yields just before the tick.
 *
 * All figures are means, in ticks of the timebase, so every long wait counts.
 */

import { Kind, Right } from "abi/handle";
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { Role } from "abi/startup";
import { FOREVER, SELF, Syscall } from "abi/syscall";
import { Class } from "abi/task";
import { attachBlockMemory, readSectors } from "runtime/blocks";
import {
  create,
  createVmo,
  deadlineIn,
  drop,
  grant,
  killTask,
  now,
  result,
  sleepUntil,
  yieldNow,
} from "runtime/call";
import { sleepFor } from "runtime/sleep";
import { slotOf, startup } from "runtime/startup";
import { makeSpinCode, spinner } from "./kin";
import { Puppet, puppetOf, server } from "./puppet/puppet";
import { tellNumber, tellStatus } from "./report";

const ROUNDS: u32 = 41;
const SLEEP_MILLISECONDS: u64 = 2;
const SETTLE_MILLISECONDS: u64 = 50;

/** Puppets at a time: one for each hart. */
const CROWD: u32 = 4;
/** The puppets' slots: for the objects that they make, and those that they are given. */
const MADE: u32 = 0;
const GIVEN: u32 = 40;
const HARTS: u32 = 4;
/** How many bytes are zeroed or mapped at a time, and how often they are mapped. */
const LARGE_BYTES: u32 = 0x0200_0000;
const MAPPED_TIMES: u32 = 50;

/** How long the hart is held before it is given up, and how long the contest lasts. */
const HELD_MICROSECONDS: u64 = 9_500;
const CONTEST_MILLISECONDS: u64 = 1_000;

export function attackWithDelays(): void {
  if (createVmo(PAGE_BYTES) < 0) {
    return;
  }
  attachBlockMemory(slotOf(Role.BlockService), <u32>result(0), PAGE_BYTES);
  tellNumber("lateness alone", lateness());
  tellNumber("disk read alone", readingTime());

  if (!starts(callers)) {
    return;
  }
  tellNumber("lateness beside callers", lateness());
  ends(crowd);
  ends(echoes);

  if (!starts(zeroers)) {
    return;
  }
  tellNumber("lateness beside tasks that take large memory", lateness());
  ends(crowd);

  if (!starts(mappers)) {
    return;
  }
  tellNumber("lateness beside tasks that map large memory", lateness());
  ends(crowd);

  if (!starts(hoppers)) {
    return;
  }
  tellNumber("lateness beside tasks that hop", lateness());
  tellNumber("disk read beside tasks that hop", readingTime());
  ends(crowd);

  tellNumber("share beside a task that yields before each tick", shareOfOther());
}

/** The puppet calls a server of its own, of this task's class, which works for a while and answers. */
function callers(p: Puppet, index: u32): void {
  if (create(Kind.Endpoint) < 0) {
    return;
  }
  const endpoint = <u32>result(0);
  const echo = server(CROWD + index, Class.App, endpoint);
  if (echo === null) {
    return;
  }
  store<u32>(echoes + (index << 2), <u32>changetype<usize>(echo));
  echo.starts();
  grant(p.task, endpoint, Right.Send, 0, GIVEN);
  p.does(Syscall.Call, GIVEN, 0, 0, 0, 0).a6 = FOREVER;
}

function zeroers(p: Puppet, _index: u32): void {
  p.does(Syscall.CreateVmo, LARGE_BYTES, SELF, 0, 0, 0);
  p.does(Syscall.Drop, MADE, 0, 0, 0, 0);
}

function mappers(p: Puppet, _index: u32): void {
  p.does(Syscall.CreateVmo, LARGE_BYTES, SELF, 0, 0, 0);
  for (let i: u32 = 0; i < MAPPED_TIMES; i++) {
    p.does(Syscall.Map, SELF, MADE, USER_MAPPINGS, 0, LARGE_BYTES).a5 = Right.Read | Right.Write;
    p.does(Syscall.Unmap, SELF, USER_MAPPINGS, 0, 0, 0);
  }
  p.does(Syscall.Drop, MADE, 0, 0, 0, 0);
}

function hoppers(p: Puppet, _index: u32): void {
  for (let hart: u32 = 0; hart < HARTS; hart++) {
    p.does(Syscall.YieldTo, hart, 0, 0, 0, 0);
  }
}

/** The puppets of the crowd, and the servers of those that call. */
const crowd: usize = memory.data(CROWD * 4, 4);
const echoes: usize = memory.data(CROWD * 4, 4);

/** Makes and starts the crowd; false if one could not be had. */
function starts(script: (p: Puppet, index: u32) => void): bool {
  for (let i: u32 = 0; i < CROWD; i++) {
    const p = puppetOf(i, Class.Background);
    if (p === null) {
      return false;
    }
    store<u32>(crowd + (i << 2), <u32>changetype<usize>(p));
    script(p, i);
    p.repeats().starts();
  }
  // Waits until they have used up their initial budgets.
  sleepFor(SETTLE_MILLISECONDS);
  return true;
}

function ends(puppets: usize): void {
  for (let i: u32 = 0; i < CROWD; i++) {
    changetype<Puppet>(load<u32>(puppets + (i << 2))).ends();
  }
}

/** How late this task comes back from a sleep. */
function lateness(): u64 {
  let sum: u64 = 0;
  for (let i: u32 = 0; i < ROUNDS; i++) {
    const deadline = deadlineIn(SLEEP_MILLISECONDS, startup().timebase);
    sleepUntil(deadline);
    sum += now() - deadline;
  }
  return sum / ROUNDS;
}

/** How long a read of one sector takes. */
function readingTime(): u64 {
  let sum: u64 = 0;
  for (let i: u32 = 0; i < ROUNDS; i++) {
    const begin = now();
    readSectors(slotOf(Role.BlockService), 0, 1, 0);
    sum += now() - begin;
  }
  return sum / ROUNDS;
}

/** Another task's share of a single hart, in percent, if this task, of the same class, yields just before each tick. */
function shareOfOther(): u64 {
  const code = makeSpinCode();
  if (code < 0 || create(Kind.Notification) < 0) {
    tellStatus("making a task that spins", code);
    return 0;
  }
  const ended = <u32>result(0);
  const other = spinner(<u32>code, Class.App, ended);
  const held = (HELD_MICROSECONDS * startup().timebase) / 1_000_000;
  const begin = now();
  const end = deadlineIn(CONTEST_MILLISECONDS, startup().timebase);
  let mine: u64 = 0;
  while (now() < end) {
    // This task came back from its yield right after a tick.
    const from = now();
    let at = from;
    while (at < from + held) {
      at = now();
    }
    mine += at - from;
    yieldNow();
  }
  const all = now() - begin;
  killTask(other);
  drop(other);
  drop(ended);
  return ((all - mine) * 100) / all;
}
