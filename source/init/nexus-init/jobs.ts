/**
 * A job for each life of a program (abi/job.ts), with the limits of its row. It is made before the program starts, and
 * ended after the program: then nothing of the program is left, and all that it had can be given to another.
 */

import { Topic } from "abi/info";
import { Amounts, RESOURCE_COUNT, Resource, ROOT_JOB } from "abi/job";
import { Role } from "abi/startup";
import { NO_SLOT, SELF } from "abi/syscall";
import { createJob, drop, endJob, information, result, setJobTime } from "runtime/call";
import { print } from "runtime/log";
import { slotOf } from "runtime/startup";
import { because, sayOf } from "./say";
import { PERIOD_MILLISECONDS, Program, THE_REST } from "./topology";

const limits = changetype<Amounts>(memory.data(offsetof<Amounts>(), 8));

/** Makes the job of a program. If that is refused, prints why and returns false. */
export function openJob(program: Program): bool {
  for (let r: u32 = 0; r < RESOURCE_COUNT; r++) {
    const limit = program.limits.of(<Resource>r);
    limits.set(<Resource>r, limit === THE_REST ? theRest(<Resource>r) : limit);
  }
  let status = createJob(SELF, limits, program.nameLow, program.nameHigh);
  if (status >= 0) {
    program.job = <u32>result(0);
    if (program.budget !== 0) {
      status = setJobTime(program.job, program.budget * THOUSAND, PERIOD_MILLISECONDS * THOUSAND);
    }
  }
  if (status < 0) {
    print(because(sayOf("a job was refused for ", program), status));
    return false;
  }
  return true;
}

/** Ends a program's job, if it has one. */
export function closeJob(program: Program): void {
  if (program.job !== NO_SLOT) {
    endJob(program.job);
    drop(program.job);
    program.job = NO_SLOT;
  }
}

/**
 * What is left of a resource, but for a part that we keep for ourselves: to fetch a program, and for a program that is run
 * beside this one.
 */
function theRest(resource: Resource): u32 {
  const left = leftInRoot(resource);
  return left - min<u32>(left, max<u32>(left / KEPT_PART, KEPT_LEAST));
}

/** What is charged to no job: our own job is the root. */
function leftInRoot(resource: Resource): u32 {
  const info = slotOf(Role.Info);
  const isFirst = resource <= Resource.Vmos;
  information(info, isFirst ? Topic.Job : Topic.JobRest, ROOT_JOB);
  const amounts = isFirst ? result(FIRST_AMOUNT + resource) : result(resource - Resource.Endpoints);
  return <u32>(amounts >> 32) - <u32>amounts;
}

/** Microseconds in a millisecond. */
const THOUSAND: u64 = 1000;
/** The result of Topic.Job with the first resource. */
const FIRST_AMOUNT: u32 = 3;
/** We keep one part in so many of what is left. */
const KEPT_PART: u32 = 32;
/** And at least so many: a job that has ended may still be there while its next life begins. */
const KEPT_LEAST: u32 = 8;
