/**
 * Jobs: what a program and all that it makes may have (abi/job.ts). What a task takes is charged to its job before it
 * is taken, and credited after it was given back, to the page.
 *
 *   root: everything there is ── nexus-init
 *    ├ consoled   ├ virtioblkd   ├ packagefsd   └ an app ── a job that the app made
 *
 * A job that is made takes all its limits out of its parent at once, so a charge looks at one job only. A job exists as
 * long as a capability names it or anything is charged to it. An ended job keeps nothing that it does not use: what
 * is given back goes on to its parent.
 *
 * Reached from each system call that makes or takes something, and from the end of each object.
 */
import { AMOUNT_PAIRS, Amounts, JOBS_MAX, RESOURCE_COUNT, Resource, ROOT_JOB } from "abi/job";
import { HARTS_MAX } from "../arch/riscv/frame";
import { thisHart } from "../arch/riscv/hart";
import { POOL_BYTES, Pool } from "../mm/pool";
import { Lock } from "../sync/lock";
import { Rank } from "../sync/order";

@unmanaged
@final
export class Job {
  /** While it is free: the next free one (mm/pool.ts). */
  private nextFree: u64;
  nameLow: u64;
  nameHigh: u64;
  /** The job that it was made from; null for the root. */
  parent: Job | null;
  /** Its tasks, a list under the lock of task/life.ts. */
  private tasks0: u64;
  // Under the lock:
  /** Capabilities that name it, and harts in `releaseJob`. */
  private references: u32;
  private ended: u32;
  private limits0: u64;
  private limits1: u64;
  private limits2: u64;
  private limits3: u64;
  private charged0: u64;
  private charged1: u64;
  private charged2: u64;
  private charged3: u64;
  // Time (job/time.ts), in ticks of the timebase; not under the lock:
  /** What its tasks and those of jobs made from it have used so far. Atomic. */
  private used0: u64;
  /** What they may use in a period; 0: there is no limit. */
  budget: u64;
  period: u64;
  /** When this period began, and what was used until then. */
  periodStart: u64;
  usedBefore: u64;
  /** Whose time a task uses says this number (`Task.payer`); 0 while there is no job here. Read without the lock, as a hint. */
  account: u32;
  /** Not 0 when it had no time left, the last time that was looked at. */
  spent: u32;
  // What outlives the job, since a hart may try to retain one that is gone:
  private lock0: u64;
  private lock1: u64;
  /** Jobs that were here before. */
  private generation: u32;
  /** How many jobs lie between it and the root, plus 1; 0 for the root. */
  depth: u32;

  get number(): u32 {
    return <u32>(changetype<usize>(this) - table) / <u32>offsetof<Job>();
  }

  get used(): u64 {
    return this.used0;
  }

  /** Counts `time` as used. */
  use(time: u64): void {
    atomic.add<u64>(changetype<usize>(this) + offsetof<Job>("used0"), time);
  }

  get limits(): Amounts {
    return changetype<Amounts>(changetype<usize>(this) + offsetof<Job>("limits0"));
  }

  get charged(): Amounts {
    return changetype<Amounts>(changetype<usize>(this) + offsetof<Job>("charged0"));
  }

  /** Whether nothing can be charged to it any more; once it is so, it stays so. */
  get isEnded(): bool {
    return this.ended !== 0;
  }

  get tasks(): usize {
    return changetype<usize>(this) + offsetof<Job>("tasks0");
  }

  private get lock(): Lock {
    return changetype<Lock>(changetype<usize>(this) + offsetof<Job>("lock0"));
  }

  /** Once for each place. */
  init(): void {
    this.lock.init(Rank.Job);
  }

  /** Fills in a new job, with one reference. */
  begin(parent: Job | null, limits: Amounts): void {
    this.lock.acquire();
    this.parent = parent;
    memory.copy(changetype<usize>(this.limits), changetype<usize>(limits), offsetof<Amounts>());
    this.references = 1;
    this.depth = parent === null ? 0 : parent.depth + 1;
    this.generation++;
    this.account = this.number | (this.generation << JOB_NUMBER_BITS);
    this.lock.release();
  }

  /**
   * Charges `amount` of `resource`, and `pages` pages, or nothing. False if a limit does not allow it, or the job was
   * ended.
   */
  take(resource: Resource, amount: u32, pages: u32): bool {
    this.lock.acquire();
    const fits = this.ended === 0 && this.hasLeft(resource, amount) && this.hasLeft(Resource.Pages, pages);
    if (fits) {
      this.charge(resource, amount);
      this.charge(Resource.Pages, pages);
    }
    this.lock.release();
    return fits;
  }

  /** As `take`, for a job with these limits. */
  takeJob(limits: Amounts): bool {
    this.lock.acquire();
    const fits = this.ended === 0 && this.hasLeftAll(limits);
    if (fits) {
      for (let r: u32 = 0; r < RESOURCE_COUNT; r++) {
        this.charge(<Resource>r, limits.of(<Resource>r));
      }
      this.charge(Resource.Jobs, 1);
    }
    this.lock.release();
    return fits;
  }

  /**
   * Credits `amount` of `resource`, and `pages` pages. If that leaves something to settle, the job has one more
   * reference, which `releaseJob` releases.
   */
  give(resource: Resource, amount: u32, pages: u32): bool {
    this.lock.acquire();
    this.credit(resource, amount);
    this.credit(Resource.Pages, pages);
    const toSettle = this.ended !== 0 || this.isGone();
    if (toSettle) {
      this.references += 1;
    }
    this.lock.release();
    return toSettle;
  }

  retain(): void {
    this.lock.acquire();
    this.references += 1;
    this.lock.release();
  }

  /** Retains it unless it is gone: for one who has no reference yet. */
  tryRetain(): bool {
    if (this.account === 0) {
      return false;
    }
    this.lock.acquire();
    const retained = !this.isGone();
    if (retained) {
      this.references += 1;
    }
    this.lock.release();
    return retained;
  }

  /** Releases a reference. True if nothing is left that could refer to the job. */
  release(): bool {
    this.lock.acquire();
    this.references -= 1;
    const gone = this.isGone();
    this.lock.release();
    return gone;
  }

  /** From here on nothing can be charged. False if that was so before. */
  close(): bool {
    this.lock.acquire();
    const wasOpen = this.ended === 0;
    this.ended = 1;
    this.lock.release();
    return wasOpen;
  }

  /**
   * Credits `moved`, which a job that was made from this one hands on. If this one has ended, `moved` is then what it
   * does not use any more, and its limits are as much lower; else nothing. True if it is something.
   */
  settle(moved: Amounts): bool {
    let any: u64 = 0;
    this.lock.acquire();
    const ended = this.ended !== 0;
    // Nothing is taken off an amount that is smaller, so neither of a pair changes the other.
    for (let i: u32 = 0; i < AMOUNT_PAIRS; i++) {
      const charged = this.charged.pair(i) - moved.pair(i);
      const limit = this.limits.pair(i);
      const spare = ended ? limit - charged : 0;
      this.charged.setPair(i, charged);
      this.limits.setPair(i, limit - spare);
      moved.setPair(i, spare);
      any |= spare;
    }
    this.lock.release();
    return any !== 0;
  }

  /** Nothing refers to it any more: adds all that it still has, and itself, to `moved`. */
  leave(moved: Amounts): void {
    for (let i: u32 = 0; i < AMOUNT_PAIRS; i++) {
      moved.setPair(i, moved.pair(i) + this.limits.pair(i));
    }
    moved.set(Resource.Jobs, moved.of(Resource.Jobs) + 1);
  }

  // The lock is held:

  private left(resource: Resource): u32 {
    return this.limits.of(resource) - this.charged.of(resource);
  }

  private hasLeft(resource: Resource, amount: u32): bool {
    return amount <= this.left(resource);
  }

  /** All of `limits`, and the job itself. */
  private hasLeftAll(limits: Amounts): bool {
    for (let r: u32 = 0; r < RESOURCE_COUNT; r++) {
      if (!this.hasLeft(<Resource>r, limits.of(<Resource>r))) {
        return false;
      }
    }
    return limits.of(Resource.Jobs) < this.left(Resource.Jobs);
  }

  private charge(resource: Resource, amount: u32): void {
    this.charged.set(resource, this.charged.of(resource) + amount);
  }

  private credit(resource: Resource, amount: u32): void {
    this.charged.set(resource, this.charged.of(resource) - amount);
  }

  private isGone(): bool {
    if (this.references !== 0) {
      return false;
    }
    for (let r: u32 = 0; r < RESOURCE_COUNT; r++) {
      if (this.charged.of(<Resource>r) !== 0) {
        return false;
      }
    }
    return true;
  }
}

/** A job's number, in the lower bits of its account. */
const JOB_NUMBER_BITS: u32 = 6;
if (JOBS_MAX !== 1 << JOB_NUMBER_BITS) {
  ERROR("a job's number does not fit its account");
}

const pool = changetype<Pool>(memory.data(POOL_BYTES, 8));
const table: usize = memory.data(JOBS_MAX * <u32>offsetof<Job>(), 8);
/** The root's limits while it is made. */
const everything = changetype<Amounts>(memory.data(<u32>offsetof<Amounts>(), 8));

/** Makes the root, which is job 0 and has all there is. Boot only. */
export function jobsInit(
  pages: u32,
  tasks: u32,
  vmos: u32,
  endpoints: u32,
  notifications: u32,
  pins: u32,
): void {
  for (let i: u32 = 0; i < JOBS_MAX; i++) {
    jobAt(i).init();
  }
  pool.init(table, <u32>offsetof<Job>(), JOBS_MAX, <u32>offsetof<Job>("lock0"));
  everything.set(Resource.Pages, pages);
  everything.set(Resource.Tasks, tasks);
  everything.set(Resource.Vmos, vmos);
  everything.set(Resource.Endpoints, endpoints);
  everything.set(Resource.Notifications, notifications);
  everything.set(Resource.Pins, pins);
  everything.set(Resource.Jobs, JOBS_MAX - 1);
  changetype<Job>(pool.alloc()).begin(null, everything);
}

/** Job `index`, which must be below JOBS_MAX. */
export function jobAt(index: u32): Job {
  return changetype<Job>(table + index * offsetof<Job>());
}

/** The job with this account, or null if it is gone. */
export function jobOfAccount(account: u32): Job | null {
  const job = jobAt(account & (JOBS_MAX - 1));
  return job.account === account ? job : null;
}

export function rootJob(): Job {
  return jobAt(ROOT_JOB);
}

/**
 * A new job with `limits`, charged to `parent`, and one reference; or null if the parent has not that much left. There
 * is always room for it: jobs are charged, too.
 */
export function createJob(parent: Job, limits: Amounts): Job | null {
  if (!parent.takeJob(limits)) {
    return null;
  }
  const job = changetype<Job>(pool.alloc());
  job.begin(parent, limits);
  return job;
}

/** One `resource` that was charged to `job` is given back, with `pages` pages. */
export function giveBack(job: Job, resource: Resource, pages: u32): void {
  if (job.give(resource, 1, pages)) {
    releaseJob(job);
  }
}

/** The same for pages alone. */
export function givePagesBack(job: Job, pages: u32): void {
  if (job.give(Resource.Pages, pages, 0)) {
    releaseJob(job);
  }
}

/** Whether `job` is `above`, or was made from it, itself or through others. The caller has a reference to `job`. */
export function isBelow(job: Job, above: Job): bool {
  let at: Job | null = job;
  // bounded by the jobs there are
  while (at !== null && at !== above) {
    at = at.parent;
  }
  return at !== null;
}

/** What a hart hands on from job to job. */
const moving: usize = memory.data(HARTS_MAX * <u32>offsetof<Amounts>(), 8);

/**
 * Releases a reference to `job`. Hands on to the parent what an ended job does not use, or all of it if the job is gone;
 * then looks at the parent in the same way, if that has to hand it on as well.
 */
export function releaseJob(job: Job): void {
  const moved = changetype<Amounts>(moving + thisHart().index * offsetof<Amounts>());
  memory.fill(changetype<usize>(moved), 0, offsetof<Amounts>());
  let at = job;
  let hasMoved = at.isEnded && at.settle(moved);
  // bounded by the jobs there are
  for (;;) {
    const parent = at.parent;
    if (parent === null) {
      at.release();
      return;
    }
    if (hasMoved) {
      parent.retain();
    }
    if (at.release()) {
      // No hart can find it any more, and the parent exists as long as it is charged for this one.
      if (!hasMoved) {
        parent.retain();
      }
      at.leave(moved);
      at.account = 0;
      pool.free(changetype<usize>(at));
    } else if (!hasMoved) {
      return;
    }
    hasMoved = parent.settle(moved);
    at = parent;
  }
}
