/**
 * A read-only virtio block device (virtio 1.2, 5.2) for the host's disk: when it answers each request, and the faults of the
 * answer that a plan asks for (faults.ts).
 *
 *   QueueNotify ─▶ diskNotified: every available chain gets a number and a time
 *   diskEvents:    what is due is carried out, in the order of those times, so answers come out of order
 *   answer ─▶ used ring ─▶ `takeDiskRaised` asks for the interrupt (virtio-mmio.ts polls it)
 *
 * virtio-blk-request.ts carries out a request; virtio-blk-config.ts has features and configuration.
 */
import { time } from "../clock";
import { random } from "../interleave";
import { Event, NO_HART, trace } from "../trace";
import { Fault, strikesAt } from "./faults";
import { configure } from "./virtio-blk-config";
import { carryOut } from "./virtio-blk-request";
import {
  NO_CHAIN,
  publish,
  putUsed,
  QUEUE_SIZE_MAX,
  queue,
  takeChain,
  walkChain,
  wantsInterrupt,
} from "./virtio-queue";

/** How long an answer takes, in ticks of 100 ns: at least this, a random time on top, and this for each 256 bytes. */
const LATENCY_MIN: u64 = 60;
const LATENCY_RANDOM_MASK: u64 = 255;
const LATENCY_LATE: u64 = 60_000_000;
/** A storm lasts a tenth of a second. */
const STORM_TICKS: u64 = 1_000_000;

/** How far the used index jumps under Fault.UsedIndex. */
const INDEX_JUMP: u32 = 0x4000;

@unmanaged
@final
class Disk {
  /** Requests taken so far, which are the events of a plan. */
  requests: u64;
  /** The time until which the interrupt line is held high, acknowledged or not. */
  stormUntil: u64;
  inFlight: u32;
  /** A request was completed, and the driver wants an interrupt for it. */
  raised: u32;
  /** The device needs a reset. */
  failed: u32;
}

const disk = changetype<Disk>(memory.data(offsetof<Disk>(), 8));

/** A chain that was taken and is not answered yet. */
@unmanaged
@final
class Job {
  due: u64;
  number: u64;
  head: u32;
  reserved: u32;
}

const jobs: usize = memory.data(QUEUE_SIZE_MAX * <u32>offsetof<Job>(), 8);

function jobAt(index: u32): Job {
  return changetype<Job>(jobs + index * offsetof<Job>());
}

/** Puts a disk of `byteCount` bytes into the machine. The host gives its content by `diskRead`. */
export function diskAttach(byteCount: u64): void {
  memory.fill(changetype<usize>(disk), 0, offsetof<Disk>());
  configure(byteCount);
}

/** The driver resets the disk: no request is in flight any more, and the disk writes nothing after this. */
export function diskReset(): void {
  disk.inFlight = 0;
  disk.raised = 0;
  disk.failed = 0;
}

/** The driver has put something new into the queue. */
export function diskNotified(): void {
  for (let head = takeChain(); head !== NO_CHAIN; head = takeChain()) {
    if (disk.inFlight === QUEUE_SIZE_MAX) {
      queue.broken = 1;
      break;
    }
    disk.requests++;
    const job = jobAt(disk.inFlight);
    disk.inFlight++;
    job.head = head;
    job.number = disk.requests;
    trace(Event.DiskTake, NO_HART, job.number, 0);
    job.due = time() + LATENCY_MIN + (random() & LATENCY_RANDOM_MASK);
    if (strikesAt(Fault.Late, job.number)) {
      job.due += LATENCY_LATE;
    }
    if (strikesAt(Fault.Never, job.number)) {
      disk.inFlight--;
    }
  }
  if (queue.broken !== 0) {
    disk.failed = 1;
  }
}

/** When the disk has something to do next, u64.MAX_VALUE for never. */
export function diskNextEvent(): u64 {
  let earliest = disk.stormUntil !== 0 ? disk.stormUntil : u64.MAX_VALUE;
  for (let index: u32 = 0; index < disk.inFlight; index++) {
    if (jobAt(index).due < earliest) {
      earliest = jobAt(index).due;
    }
  }
  return earliest;
}

/** Answers what is due by `now`, in the order of the due times. */
export function diskEvents(now: u64): void {
  if (disk.stormUntil !== 0 && disk.stormUntil <= now) {
    disk.stormUntil = 0;
  }
  for (let index = earliestDue(now); index < disk.inFlight; index = earliestDue(now)) {
    const job = jobAt(index);
    const head = job.head;
    const number = job.number;
    disk.inFlight--;
    memory.copy(changetype<usize>(job), changetype<usize>(jobAt(disk.inFlight)), offsetof<Job>());
    answer(head, number, now);
  }
}

/** The job that is due first, if it is due; else `inFlight`. */
function earliestDue(now: u64): u32 {
  let found = disk.inFlight;
  for (let index: u32 = 0; index < disk.inFlight; index++) {
    const job = jobAt(index);
    if (job.due > now) {
      continue;
    }
    if (found === disk.inFlight || job.due < jobAt(found).due) {
      found = index;
    }
  }
  return found;
}

/** Whether completions ask for an interrupt. Asking clears it. */
export function takeDiskRaised(): bool {
  const raised = disk.raised !== 0;
  disk.raised = 0;
  return raised;
}

/** Whether the device found that it cannot go on (2.1.2). Asking clears it. */
export function takeDiskFailed(): bool {
  const failed = disk.failed !== 0;
  disk.failed = 0;
  return failed;
}

/** Whether the line is held high even if the driver acknowledges the interrupt. */
export function diskStorms(): bool {
  return disk.stormUntil !== 0;
}

/** Carries out request `number` and answers it, correctly or with a fault. */
function answer(head: u32, number: u64, now: u64): void {
  if (queue.ready === 0 || queue.broken !== 0) {
    return;
  }
  if (strikesAt(Fault.NeedsReset, number)) {
    queue.broken = 1;
  }
  if (queue.broken !== 0 || !walkChain(head)) {
    disk.failed = 1;
    return;
  }
  const before = queue.putBack;
  const length = carryOut(number);
  if (length < 0) {
    queue.broken = 1;
    disk.failed = 1;
    return;
  }
  report(head, <u32>length, number);
  if (strikesAt(Fault.Storm, number)) {
    disk.stormUntil = now + STORM_TICKS;
  }
  if (!wantsInterrupt(before) || strikesAt(Fault.NoInterrupt, number)) {
    return;
  }
  disk.raised = 1;
}

/** Writes the used entry, or what a plan wants instead. */
function report(head: u32, length: u32, number: u64): void {
  let told = length;
  if (strikesAt(Fault.LengthLarge, number)) {
    told = length + 0x1000_0000;
  }
  if (strikesAt(Fault.LengthZero, number)) {
    told = 0;
  }
  const id = strikesAt(Fault.UsedId, number) ? head + queue.size : head;
  putUsed(id, told);
  if (strikesAt(Fault.UsedTwice, number)) {
    putUsed(id, told);
  }
  if (strikesAt(Fault.UsedIndex, number)) {
    publish(queue.putBack + INDEX_JUMP);
  }
}
