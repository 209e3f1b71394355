/**
 * All that might keep the kernel busy for long: the largest memory objects, a task that has as much as a task can have,
 * a call to a server with as many callers as there are tasks, deadlines that come at once, a deep tree of jobs. Nothing
 * is measured here: the host follows each hart (bench/kernel/stretch/follow.ts).
 */

import { Kind, Right, SLOT_COUNT } from "abi/handle";
import { Amounts, JOB_DEPTH_MAX, Resource } from "abi/job";
import { PAGE_BYTES, STACK_TOP, USER_MAPPINGS } from "abi/layout";
import { Role } from "abi/startup";
import { FOREVER, NO_SLOT } from "abi/syscall";
import { Class } from "abi/task";
import {
  create,
  createJob,
  createTask,
  createTaskIn,
  createVmo,
  deadlineIn,
  drop,
  endJob,
  grant,
  killTask,
  map,
  mapInto,
  now,
  result,
  startTask,
  unmap,
  wait,
} from "runtime/call";
import { receive } from "runtime/ipc";
import { sleepFor } from "runtime/sleep";
import { slotOf, startup } from "runtime/startup";
import { giveCode, startChild } from "../children";
import { childCall, childHoard, childOffer, childSleep } from "../symbols";

const LARGE_BYTES: u32 = 0x0400_0000;
const LARGE_ADDRESS: usize = USER_MAPPINGS + 0x0100_0000;
/** In a unborn child: where large mappings begin. */
const CHILD_MAPPINGS: usize = USER_MAPPINGS + 0x0200_0000;
/** So many mappings of the large object fit into a child: each takes 32 tables. */
const LARGE_MAPPINGS: u32 = 16;
/** Mappings of one page, each of which takes a table. */
const SPARSE_MAPPINGS: u32 = 24;
const TABLE_BYTES: u32 = 0x20_0000;
/** Pages of an object that comes from many blocks, and goes back to them. */
const ODD_PAGES: u32 = 127;
const CROWD: u32 = 230;
/** As measured.S has it. */
const SLEEP_SHIFT: u64 = 10;
const SLEEP_MILLISECONDS: u64 = 40;
const REST_MILLISECONDS: u64 = 30;
/** Jobs in a chain: this program's own is the first below the root, and that of the chains the second. */
const JOB_DEPTH: u32 = JOB_DEPTH_MAX - 2;
const JOB_CHAINS: u32 = 7;
/** What each job of the tree has for itself: a task, and what it takes. */
const JOB_PAGES: u32 = 8;

/** Signalled when a child of this file ends. */
let ended: u32 = NO_SLOT;

/** A refusal if something could not be created. */
export function goThroughStretches(): i32 {
  let status = create(Kind.Notification);
  ended = <u32>result(0);
  if (status >= 0) {
    status = largeObject();
  }
  if (status >= 0) {
    status = fullTask();
  }
  if (status >= 0) {
    status = sleepers();
  }
  if (status >= 0) {
    status = deepJobs();
  }
  if (status >= 0) {
    status = callers(childCall(), childHoard());
  }
  if (status >= 0) {
    status = callersWithoutServer();
  }
  return status < 0 ? status : refusedCallers();
}

/** Lets all other tasks come to rest. */
function rest(): void {
  sleepFor(REST_MILLISECONDS);
}

/** The largest object comes and goes: as memory, in this task, and in a child that ends with it. */
function largeObject(): i32 {
  let status = createVmo(LARGE_BYTES);
  const large = <u32>result(0);
  if (status >= 0) {
    status = map(large, LARGE_ADDRESS, 0, LARGE_BYTES, Right.Read | Right.Write);
  }
  if (status >= 0) {
    status = unmap(LARGE_ADDRESS);
  }
  if (status >= 0) {
    status = createTask(Class.App, ended, 1);
  }
  const child = <u32>result(0);
  for (let i: u32 = 0; i < LARGE_MAPPINGS && status >= 0; i++) {
    status = mapInto(child, large, CHILD_MAPPINGS + <usize>i * LARGE_BYTES, 0, LARGE_BYTES, Right.Read);
  }
  const behind = CHILD_MAPPINGS + <usize>LARGE_MAPPINGS * LARGE_BYTES;
  for (let i: u32 = 0; i < SPARSE_MAPPINGS && status >= 0; i++) {
    status = mapInto(child, large, behind + <usize>i * TABLE_BYTES, 0, PAGE_BYTES, Right.Read);
  }
  if (status < 0) {
    return status;
  }
  drop(large);
  return endAndDrop(child);
}

function endAndDrop(child: u32): i32 {
  killTask(child);
  const status = wait(ended, FOREVER);
  drop(child);
  return status;
}

/** A child with something in every slot, of which it has the last reference. */
function fullTask(): i32 {
  let status = createTask(Class.App, ended, 1);
  const child = <u32>result(0);
  for (let slot: u32 = 0; slot < SLOT_COUNT && status >= 0; slot++) {
    const isObject = slot % 4 === 0;
    status = isObject ? create(Kind.Endpoint) : createVmo(ODD_PAGES * PAGE_BYTES);
    const object = <u32>result(0);
    if (status >= 0) {
      status = grant(child, object, Right.All, 0, slot);
      drop(object);
    }
  }
  return status < 0 ? status : endAndDrop(child);
}

/** Tasks whose deadline is the same. */
function sleepers(): i32 {
  const time = deadlineIn(SLEEP_MILLISECONDS, startup().timebase) >> SLEEP_SHIFT;
  let status = 0;
  for (let i: u32 = 0; i < CROWD && status >= 0; i++) {
    status = createTask(Class.App, ended, 1);
    const child = <u32>result(0);
    if (status >= 0) {
      status = giveCode(child);
    }
    if (status >= 0) {
      status = startTask(child, childSleep(), <usize>time);
      drop(child);
    }
  }
  // This hart is busy when it is time.
  while (now() < (time + 1) << SLEEP_SHIFT) {}
  rest();
  return status;
}

/** A job, and chains of jobs below it as deep as they may be, with a task in each. The end of the first ends all. */
function deepJobs(): i32 {
  let status = createJob(slotOf(Role.Job), limitsFor(1 + JOB_CHAINS * JOB_DEPTH), 0, 0);
  const first = <u32>result(0);
  if (status >= 0) {
    status = startIn(first);
  }
  for (let chain: u32 = 0; chain < JOB_CHAINS && status >= 0; chain++) {
    status = makeChain(first);
  }
  if (status < 0) {
    return status;
  }
  endJob(first);
  rest();
  return drop(first);
}

/** Jobs, each made from the one before, the first from `top`. */
function makeChain(top: u32): i32 {
  let parent = top;
  let status = 0;
  for (let jobs: u32 = JOB_DEPTH; jobs > 0 && status >= 0; jobs--) {
    status = createJob(parent, limitsFor(jobs), 0, 0);
    const job = <u32>result(0);
    if (status >= 0) {
      status = startIn(job);
    }
    if (parent !== top) {
      drop(parent);
    }
    parent = job;
  }
  if (status >= 0) {
    drop(parent);
  }
  return status;
}

/** A task in `job` that sleeps for a long time. */
function startIn(job: u32): i32 {
  let status = createTaskIn(job, Class.App, ended, 1);
  const task = <u32>result(0);
  if (status >= 0) {
    status = giveCode(task);
  }
  if (status >= 0) {
    status = startTask(task, childSleep(), STACK_TOP);
    drop(task);
  }
  return status;
}

const limits = changetype<Amounts>(memory.data(<u32>offsetof<Amounts>(), 8));

/** The limits of a job that has `jobs` - 1 others below it. */
function limitsFor(jobs: u32): Amounts {
  limits.set(Resource.Pages, jobs * JOB_PAGES);
  limits.set(Resource.Tasks, jobs);
  limits.set(Resource.Vmos, jobs * 4);
  limits.set(Resource.Endpoints, 0);
  limits.set(Resource.Notifications, 0);
  limits.set(Resource.Pins, 0);
  limits.set(Resource.Jobs, jobs - 1);
  return limits;
}

/** Starts tasks that call `endpoint`. */
function gather(endpoint: u32, entry: usize): i32 {
  let status = 0;
  for (let i: u32 = 0; i < CROWD && status >= 0; i++) {
    status = startChild(Class.App, entry, endpoint, Right.Send | Right.Transfer);
    if (status >= 0) {
      drop(<u32>status);
    }
  }
  rest();
  return status;
}

/** The end of a server that all others wait for. */
function callers(entry: usize, service: usize): i32 {
  let status = create(Kind.Endpoint);
  const endpoint = <u32>result(0);
  if (status >= 0) {
    status = startChild(Class.App, service, endpoint, Right.Receive);
  }
  const server = <u32>status;
  if (status >= 0) {
    status = gather(endpoint, entry);
  }
  if (status < 0) {
    return status;
  }
  killTask(server);
  rest();
  drop(server);
  drop(endpoint);
  rest();
  return 0;
}

/** The last right to receive goes, while many wait to be received. */
function callersWithoutServer(): i32 {
  let status = create(Kind.Endpoint);
  const endpoint = <u32>result(0);
  if (status >= 0) {
    status = gather(endpoint, childCall());
  }
  drop(endpoint);
  rest();
  return status;
}

/** A server without a free slot receives: each of those who bring a capability is refused. */
function refusedCallers(): i32 {
  let status = create(Kind.Endpoint);
  const endpoint = <u32>result(0);
  if (status >= 0) {
    status = gather(endpoint, childOffer());
  }
  if (status < 0) {
    return status;
  }
  while (create(Kind.Notification) >= 0) {}
  while (createVmo(PAGE_BYTES) >= 0) {}
  receive(endpoint, now());
  rest();
  return 0;
}
