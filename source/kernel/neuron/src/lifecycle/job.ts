/**
 * Ending a job: nothing can be charged to it any more, nor to a job that was made from it, and their tasks are to be
 * killed. What they give back goes on to the job's parent.
 */
import { JOBS_MAX } from "abi/job";
import { isBelow, Job, jobAt, releaseJob } from "../job/job";
import { killTasksOf } from "../task/life";

/** The caller has a reference to `job`. */
export function endJobs(job: Job): void {
  // A job that is still open may make another at a number that was passed; so it is looked again until none is open.
  while (closeBelow(job)) {
    // bounded: each turn but the last closes a job, and a closed one makes no other
  }
}

/** Closes `job` and all below it, as far as they are open. True if one was. */
function closeBelow(job: Job): bool {
  let found = false;
  for (let i: u32 = 0; i < JOBS_MAX; i++) {
    const other = jobAt(i);
    if (!other.tryRetain()) {
      continue;
    }
    if (isBelow(other, job) && other.close()) {
      found = true;
      killTasksOf(other);
    }
    releaseJob(other);
  }
  return found;
}
