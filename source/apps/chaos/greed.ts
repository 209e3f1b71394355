/**
 * Takes all that this task's job may have: tasks, memory objects and their pages, endpoints, notifications, jobs. It
 * keeps all of it for as long as this task lives. Slots are few, so unborn tasks hold most of it.
 */
import { Kind, Right, SLOT_COUNT } from "abi/handle";
import { Topic } from "abi/info";
import { Amounts, LIMIT_MAX, Resource } from "abi/job";
import { PAGE_BYTES } from "abi/layout";
import { Refusal } from "abi/refusal";
import { Role } from "abi/startup";
import { NO_SLOT, SELF } from "abi/syscall";
import { Class } from "abi/task";
import { create, createJob, createTask, createVmo, drop, grant, information, result } from "runtime/call";
import { line, print } from "runtime/log";
import { refusalName } from "runtime/names";
import { slotOf } from "runtime/startup";

/** The largest memory object, which is tried first. */
const BYTES_MAX: u32 = 0x0400_0000;

const limits = changetype<Amounts>(memory.data(offsetof<Amounts>(), 8));
/** A notification for the ends of tasks: none comes. */
let ends: u32 = NO_SLOT;
/** The unborn task that holds things, and its next free slot. */
let holder: u32 = NO_SLOT;
let nextThere: u32 = 0;

/** Prints what it has, or what was refused for another reason than the job's limits; then it returns false. */
export function takeAll(): bool {
  create(Kind.Notification);
  ends = <u32>result(0);
  const isFull =
    fill(Resource.Endpoints) &&
    fill(Resource.Notifications) &&
    fill(Resource.Jobs) &&
    fill(Resource.Tasks) &&
    // Last, since all others take pages, too.
    fillMemory();
  if (isFull) {
    tell();
  }
  return isFull;
}

/** Takes one after another until the kernel says that the job has no more. */
function fill(resource: Resource): bool {
  let status = 0;
  for (let i: u32 = 0; i < LIMIT_MAX && status >= 0; i++) {
    status = keep(make(resource));
  }
  return isQuota(status);
}

/** Takes memory in the largest pieces that there are. */
function fillMemory(): bool {
  let status = 0;
  for (let bytes = BYTES_MAX; bytes >= PAGE_BYTES; bytes /= 2) {
    do {
      status = keep(createVmo(bytes));
    } while (status >= 0);
    // Half of all memory need not come in one piece.
    if (status !== Refusal.NoMemory && !isQuota(status)) {
      return false;
    }
  }
  return true;
}

function make(resource: Resource): i32 {
  switch (resource) {
    case Resource.Endpoints:
      return create(Kind.Endpoint);
    case Resource.Notifications:
      return create(Kind.Notification);
    case Resource.Jobs:
      return createJob(SELF, limits, 0, 0);
    default:
      return createTask(Class.App, ends, 1);
  }
}

/** Puts what was just made, with `status`, into the hands of an unborn task. Returns the status. */
function keep(status: i32): i32 {
  if (status < 0) {
    return status;
  }
  const made = <u32>result(0);
  if (holder === NO_SLOT || nextThere === SLOT_COUNT) {
    const found = createTask(Class.App, ends, 1);
    if (found < 0) {
      // It stays in a slot of this task's own.
      return status;
    }
    holder = <u32>result(0);
    nextThere = 0;
  }
  if (grant(holder, made, Right.All, 0, nextThere) >= 0) {
    nextThere += 1;
    drop(made);
  }
  return status;
}

function isQuota(status: i32): bool {
  if (status === Refusal.Quota) {
    return true;
  }
  print(line().text("chaos: more was refused for another reason: ").text(refusalName(status)));
  return false;
}

/** What is charged to this task's job, of which it asks by the number that its own task tells. */
function tell(): void {
  const words = line().text("chaos: has all that it can get");
  const info = slotOf(Role.Info);
  for (let index: u32 = 0; information(info, Topic.Task, index) >= 0; index++) {
    if (result(1) !== CHAOS) {
      continue;
    }
    information(info, Topic.Job, <u32>(result(3) >> 32));
    const pages = result(3);
    words
      .text(" pages=")
      .decimal(<u64>(<u32>pages))
      .text("/")
      .decimal(pages >> 32);
    const tasks = result(4);
    words
      .text(" tasks=")
      .decimal(<u64>(<u32>tasks))
      .text("/")
      .decimal(tasks >> 32);
    const objects = result(5);
    words
      .text(" objects=")
      .decimal(<u64>(<u32>objects))
      .text("/")
      .decimal(objects >> 32);
    break;
  }
  print(words);
}

/** "chaos", as the kernel keeps names. */
const CHAOS: u64 = 0x73_6f61_6863;
