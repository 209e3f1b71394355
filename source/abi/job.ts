/**
 * Jobs: how much a program, and all that it makes, may have. Each task belongs to a job. What the task makes is charged
 * to its job; past a limit the kernel refuses (Refusal.Quota).
 *
 * A job is divided: the limits of a new job are charged, as a whole and at once, to the job from which it is made. So
 * what a job was promised cannot be taken by another.
 */

/** What is counted. */
export const enum Resource {
  /** Pages of memory objects, page tables included. */
  Pages = 0,
  Tasks = 1,
  Vmos = 2,
  Endpoints = 3,
  Notifications = 4,
  /** Memory objects that devices were told of. */
  Pins = 5,
  /** Jobs that were made from this one. */
  Jobs = 6,
}
export const RESOURCE_COUNT: u32 = 7;
/** Pairs of amounts, of which the last has no second. */
export const AMOUNT_PAIRS: u32 = (RESOURCE_COUNT + 1) / 2;

/** The shortest and the longest period of a budget of time, in microseconds: two ticks of the scheduler, and 10 s. */
export const PERIOD_MIN: u64 = 20_000;
export const PERIOD_MAX: u64 = 10_000_000;

/** Jobs in the system. */
export const JOBS_MAX: u32 = 64;
/** A job that was made from a job, and so on, this often from the first one: no more are made from it. */
export const JOB_DEPTH_MAX: u32 = 8;
/** The number of the first job: everything there is, and nexus-init. */
export const ROOT_JOB: u32 = 0;
/** The most of a resource, other than pages, that one job may be given. */
export const LIMIT_MAX: u32 = 0xffff;

/** An amount of each resource: a job's limits, or what is charged to it. */
@unmanaged
@final
export class Amounts {
  private words0: u64;
  private words1: u64;
  private words2: u64;
  private words3: u64;

  of(resource: Resource): u32 {
    return load<u32>(this.at(resource));
  }

  set(resource: Resource, amount: u32): void {
    store<u32>(this.at(resource), amount);
  }

  /** Tasks, memory objects, endpoints and notifications in 16 bits each, the first lowest: as `createJob` takes them. */
  get objects(): u64 {
    return this.pack(Resource.Tasks, 4);
  }

  set objects(packed: u64) {
    this.unpack(Resource.Tasks, 4, packed);
  }

  /** Pins and jobs in the same way. */
  get rest(): u64 {
    return this.pack(Resource.Pins, 2);
  }

  set rest(packed: u64) {
    this.unpack(Resource.Pins, 2, packed);
  }

  /** Two amounts, the one with the even number in the lower half: for sums that do not carry. */
  pair(index: u32): u64 {
    return load<u64>(changetype<usize>(this) + (index << 3));
  }

  setPair(index: u32, pair: u64): void {
    store<u64>(changetype<usize>(this) + (index << 3), pair);
  }

  private at(resource: Resource): usize {
    return changetype<usize>(this) + ((<usize>resource) << 2);
  }

  /** None of the amounts may be above LIMIT_MAX. */
  private pack(first: u32, count: u32): u64 {
    let packed: u64 = 0;
    for (let i: u32 = 0; i < count; i++) {
      packed |= (<u64>this.of(<Resource>(first + i))) << (<u64>i * LIMIT_BITS);
    }
    return packed;
  }

  private unpack(first: u32, count: u32, packed: u64): void {
    for (let i: u32 = 0; i < count; i++) {
      this.set(<Resource>(first + i), <u32>(packed >> (<u64>i * LIMIT_BITS)) & LIMIT_MAX);
    }
  }
}

const LIMIT_BITS: u64 = 16;

if (offsetof<Amounts>() < RESOURCE_COUNT * 4) {
  ERROR("Amounts has a word for each resource");
}
