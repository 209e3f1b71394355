// Jobs that the task under test makes out of its own: their limits are charged, as the kernel does. What tasks take is not:
// a task of the fake kernel never meets a limit by what it makes itself.

import { jobDepthMax, Refusal, Resource, Right, resourceCount, Syscall, self, Topic } from "../abi.ts";
import { give } from "./capabilities.ts";
import { type Core, nameOf, type SystemCalls } from "./core.ts";
import { FakeJob } from "./objects.ts";

const LIMIT_BITS = 16n;
/** PERIOD_MIN and PERIOD_MAX of source/abi/job.ts. */
const PERIOD_MIN = 20_000n;
const PERIOD_MAX = 10_000_000n;
const PAGES_MAX = 2n ** 32n - 1n;

export class FakeJobs {
  /** Every job that was made, in order. */
  readonly made: FakeJob[] = [];
  readonly calls: SystemCalls;

  constructor(core: Core) {
    this.calls = {
      [Syscall.CreateJob]: (slot, pages, objects, rest, low, high) => {
        const parent = findJob(core, slot);
        if (typeof parent === "number") {
          return parent;
        }
        if (pages > PAGES_MAX) {
          return Refusal.BadArgument;
        }
        if (core.slots.free === undefined) {
          return Refusal.TableFull;
        }
        if (parent.depth === jobDepthMax) {
          return Refusal.BadState;
        }
        const limits = [Number(pages), ...unpack(objects, 4), ...unpack(rest, 2)];
        const job = parent.divide(nameOf(low, high), limits);
        if (!job) {
          return Refusal.Quota;
        }
        this.made.push(job);
        return give(core, job, Right.Manage | Right.Transfer);
      },
      [Syscall.SetJobTime]: (slot, budget, period) => {
        const job = core.slots.find(slot, "job", Right.Manage);
        if (typeof job === "number") {
          return job;
        }
        const isLimit = period >= PERIOD_MIN && period <= PERIOD_MAX && budget > 0n && budget <= 4n * period;
        if (!isLimit && (budget !== 0n || period !== 0n)) {
          return Refusal.BadArgument;
        }
        if (job === core.job) {
          return Refusal.MissingRight;
        }
        job.time = { budget, period };
        return 0;
      },
      [Syscall.EndJob]: (slot) => {
        const job = core.slots.find(slot, "job", Right.Manage);
        if (typeof job === "number") {
          return job;
        }
        job.finish();
        return 0;
      },
      // Only what is left of the job of the task under test, which the kernel tells as what is charged and the limit.
      [Syscall.Information]: (slot, topic, index) => {
        const info = core.slots.find(slot, "info", Right.Read);
        if (typeof info === "number") {
          return info;
        }
        const left = (resource: number): bigint => BigInt(core.job.left(resource)) << 32n;
        const { Pages, Tasks, Vmos, Endpoints, Notifications, Pins, Jobs } = Resource;
        if (index === 0n && topic === BigInt(Topic.Job)) {
          return core.task.setResults(0, 0, 1, ...[Pages, Tasks, Vmos].map(left));
        }
        if (index === 0n && topic === BigInt(Topic.JobRest)) {
          return core.task.setResults(...[Endpoints, Notifications, Pins, Jobs].map(left));
        }
        throw new Error(`Information of topic ${topic} is not faked`);
      },
    };
  }
}

/** The job that a slot names, or the task's own; otherwise the Refusal. */
export function findJob(core: Core, slot: bigint): FakeJob | number {
  return slot === self ? core.job : core.slots.find(slot, "job", Right.Manage);
}

/** As `Amounts` of source/abi/job.ts packs them. */
function unpack(packed: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, index) =>
    Number(BigInt.asUintN(16, packed >> (BigInt(index) * LIMIT_BITS))),
  );
}

/** A job with all that the fake kernel has. */
export function everything(): FakeJob {
  const limits = new Array<number>(resourceCount).fill(1024);
  limits[Resource.Pages] = 2 ** 18;
  return new FakeJob("", limits);
}
