/**
 * System calls drawn at random, from several tasks on several harts at once: with filled and empty slots, with objects
 * that the tasks share, with addresses that are theirs and that are not. The check is made from outside
 * (tools/explore/accounts.ts): no matter what they did, the kernel afterwards holds nothing that no living task holds.
 *
 * The seed is the host's random number (Topic.Nonce), so another number gives another run.
 */

import { Kind, Right } from "abi/handle";
import { Topic } from "abi/info";
import { MESSAGE_PAGE, PAGE_BYTES, USER_BEGIN, USER_MAPPINGS } from "abi/layout";
import { Role } from "abi/startup";
import { NO_SLOT, SELF, SYSCALL_COUNT, Syscall } from "abi/syscall";
import { Class } from "abi/task";
import { create, createVmo, drop, grant, information, killTask, now, result, sleepUntil } from "runtime/call";
import { sleepFor } from "runtime/sleep";
import { slotOf, startup } from "runtime/startup";
import { Puppet, puppetOf, SCRIPT, Step } from "./puppet/puppet";
import { tellNumber } from "./report";

/** Rounds of a short run and of a long one. */
export const ROUNDS: u32 = 3;
export const ROUNDS_LONG: u32 = 100;
/** How long all tasks rest after each round, so that all that the kernel holds can be counted. */
const REST_MICROSECONDS: u64 = 3_000;
/** Tasks of a round, and system calls of each. */
const CROWD: u32 = 4;
const CALLS: u32 = 96;
/**
 * The objects that all tasks of a round share, in slots 0 to SHARED - 1 of each: endpoints, notifications, memory
 * objects.
 */
const OF_EACH_KIND: u32 = 2;
const SHARED: u32 = 3 * OF_EACH_KIND;
const SHARED_BYTES: u32 = 3 * PAGE_BYTES;
/** The most pages of a memory object: far more than are zeroed in one go. */
const LARGE_PAGES: u32 = 100;
/** Slots that a call names: the shared ones, and those that its own calls fill. */
const SLOTS_NAMED: u32 = 12;
/** A wait ends within this time; a round is ended after that. */
const WAIT_MICROSECONDS: u32 = 3_000;
const ROUND_MILLISECONDS: u64 = 20;

const crowd: usize = memory.data(CROWD * 4, 4);
const shared: usize = memory.data(SHARED * 4, 4);
let state: u64 = 0;

/** Rounds of random calls; each round is a run of its own, with tasks and objects of its own. */
export function attackWithCalls(rounds: u32): void {
  information(slotOf(Role.Info), Topic.Nonce, 0);
  state = result(0) ^ result(1) ^ 1;
  for (let round: u32 = 0; round < rounds; round++) {
    if (!share()) {
      return;
    }
    for (let i: u32 = 0; i < CROWD; i++) {
      const p = puppetOf(i, chance(2) ? Class.App : Class.Background);
      if (p === null) {
        return;
      }
      store<u32>(crowd + (i << 2), <u32>changetype<usize>(p));
      for (let slot: u32 = 0; slot < SHARED; slot++) {
        grant(p.task, load<u32>(shared + (slot << 2)), drawnRights(), chance(3) ? drawn(4) : 0, slot);
      }
      for (let call: u32 = 0; call < CALLS; call++) {
        drawCall(p);
      }
      p.leaves().starts();
    }
    sleepFor(drawn(<u32>ROUND_MILLISECONDS));
    endRound();
    sleepUntil(now() + (startup().timebase * REST_MICROSECONDS) / 1_000_000);
  }
  tellNumber("rounds of calls", rounds);
}

/** The objects that the tasks of a round share. */
function share(): bool {
  for (let slot: u32 = 0; slot < SHARED; slot++) {
    const kind = slot / OF_EACH_KIND;
    let status = kind === 0 ? create(Kind.Endpoint) : 0;
    if (kind === 1) {
      status = create(Kind.Notification);
    }
    if (kind === 2) {
      status = createVmo(SHARED_BYTES);
    }
    if (status < 0) {
      return false;
    }
    store<u32>(shared + (slot << 2), <u32>result(0));
  }
  return true;
}

/**
 * Ends the tasks and drops the objects in any order: some tasks are killed while others go on, and the shared objects
 * go before or after their users.
 */
function endRound(): void {
  const first = drawn(CROWD);
  const objectsFirst = chance(2);
  if (objectsFirst) {
    dropShared();
  }
  for (let i: u32 = 0; i < CROWD; i++) {
    const p = changetype<Puppet>(load<u32>(crowd + (((first + i) % CROWD) << 2)));
    if (chance(2)) {
      killTask(p.task);
    }
  }
  for (let i: u32 = 0; i < CROWD; i++) {
    changetype<Puppet>(load<u32>(crowd + (i << 2))).ends();
  }
  if (!objectsFirst) {
    dropShared();
  }
}

function dropShared(): void {
  for (let slot: u32 = 0; slot < SHARED; slot++) {
    drop(load<u32>(shared + (slot << 2)));
  }
}

/** Adds one system call. Each argument is either of the kind that the call expects, or anything. */
function drawCall(p: Puppet): void {
  const number = <Syscall>drawn(SYSCALL_COUNT + 2);
  // An early exit only makes the run short.
  if (number === Syscall.Exit && !chance(8)) {
    return drawCall(p);
  }
  const step = p.does(number, drawnSlot(), drawnWord(), drawnWord(), drawnWord(), drawnWord());
  step.a5 = drawnWord();
  step.a6 = drawnWord();
  aim(step, number);
}

/** Most calls are drawn so that they get past the first check. */
function aim(step: Step, number: Syscall): void {
  if (chance(3)) {
    return;
  }
  switch (number) {
    case Syscall.Sleep:
      step.a0 = drawnDeadline();
      break;
    case Syscall.Call:
      step.a1 = drawnInfo();
      step.a6 = drawnDeadline();
      break;
    case Syscall.ReplyReceive:
      step.a1 = drawnInfo();
      break;
    case Syscall.ReplyReceiveUntil:
      step.a1 = drawnInfo();
      step.a4 = drawnDeadline();
      break;
    case Syscall.Receive:
    case Syscall.Wait:
      step.a1 = drawnDeadline();
      break;
    case Syscall.Create:
      step.a0 = chance(2) ? Kind.Endpoint : Kind.Notification;
      break;
    case Syscall.Copy:
    case Syscall.Lend:
      step.a1 = drawnRights();
      step.a2 = 0;
      break;
    case Syscall.Grant:
      step.a1 = drawnSlot();
      step.a2 = drawnRights();
      step.a4 = drawn(SLOTS_NAMED);
      break;
    case Syscall.CreateVmo:
      step.a0 = (drawn(LARGE_PAGES) + 1) * PAGE_BYTES;
      step.a1 = chance(8) ? drawnSlot() : SELF;
      break;
    case Syscall.Map:
      step.a0 = chance(2) ? SELF : drawnSlot();
      step.a1 = drawnSlot();
      step.a2 = drawnAddress();
      step.a3 = drawn(2) * PAGE_BYTES;
      step.a4 = (drawn(2) + 1) * PAGE_BYTES;
      step.a5 = Right.Read | (chance(2) ? Right.Write : Right.None);
      break;
    case Syscall.Unmap:
      step.a0 = chance(2) ? SELF : drawnSlot();
      step.a1 = drawnAddress();
      break;
    case Syscall.CreateTask:
      step.a0 = Class.App + drawn(2);
      step.a1 = drawnSlot();
      step.a3 = chance(8) ? drawnSlot() : SELF;
      break;
    case Syscall.StartTask:
      step.a1 = USER_BEGIN;
      step.a2 = USER_BEGIN;
      break;
    case Syscall.TakeFaults:
      step.a1 = chance(4) ? NO_SLOT : drawnSlot();
      break;
    case Syscall.YieldTo:
      step.a0 = drawn(5);
      break;
    default:
      break;
  }
}

/** SplitMix64: numbers that look random, the same for the same nonce. */
function next(): u64 {
  state += 0x9e37_79b9_7f4a_7c15;
  let z = state;
  z = (z ^ (z >> 30)) * 0xbf58_476d_1ce4_e5b9;
  z = (z ^ (z >> 27)) * 0x94d0_49bb_1331_11eb;
  return z ^ (z >> 31);
}

/** A number below `end`. */
function drawn(end: u32): u32 {
  return <u32>((next() >> 32) % <u64>end);
}

/** True once in so many `times`. */
function chance(times: u32): bool {
  return drawn(times) === 0;
}

function drawnSlot(): u64 {
  if (chance(16)) {
    return chance(2) ? SELF : NO_SLOT;
  }
  return drawn(SLOTS_NAMED);
}

function drawnRights(): u32 {
  return chance(2) ? Right.All : drawn(256);
}

/** A deadline soon, now or in the past: never so late that a round would have to wait for it. */
function drawnDeadline(): u64 {
  return now() + (<u64>drawn(WAIT_MICROSECONDS) * startup().timebase) / 1_000_000;
}

/** A message of some bytes, with a capability along every other time. */
function drawnInfo(): u64 {
  const bytes: u64 = chance(2) ? 0 : drawn(PAGE_BYTES + 1);
  return chance(2) ? bytes : bytes | ((drawnSlot() + 1) << 16) | ((<u64>drawnRights()) << 24);
}

function drawnAddress(): u64 {
  const page: u64 = <u64>drawn(4) * PAGE_BYTES;
  switch (drawn(6)) {
    case 0:
      return USER_BEGIN;
    case 1:
      return SCRIPT;
    case 2:
      return MESSAGE_PAGE;
    default:
      return <u64>USER_MAPPINGS + page;
  }
}

function drawnWord(): u64 {
  switch (drawn(6)) {
    case 0:
      return next();
    case 1:
      return u64.MAX_VALUE;
    case 2:
      return drawnAddress();
    case 3:
      return drawnDeadline();
    default:
      return drawn(SLOTS_NAMED);
  }
}
