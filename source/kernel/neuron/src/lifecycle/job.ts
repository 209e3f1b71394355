/**
 * Ending a job: nothing can be charged to it any more, nor to a job that was made from it, and their tasks are to be
 * killed. What they give back goes on to the job's parent.
 *
 * This takes a while, so it goes in turns, between which interrupts are taken: the task that asked for it says how far it
 * has come (`ends`, `endsAt`, `asks`). If that ends meanwhile, the kernel goes on by itself (lifecycle/reap.ts).
 */
import { JOBS_MAX } from "abi/job";
import { thisHart, WANTS_PAUSE } from "../arch/riscv/hart";
import { isBelow, Job, jobAt, releaseJob } from "../job/job";
import { hasTasks, killTasksOf } from "../task/life";
import { Task } from "../task/objects";

/** Tasks that are asked to end, and jobs that are looked at, in one turn. */
const TASKS_A_TURN: u32 = 40;
const JOBS_A_TURN: u32 = 8;
/** In `endsAt`: a job was closed in this pass, so another pass follows; and this is not the first one. */
const FOUND: u32 = 0x100;
const AGAIN: u32 = 0x200;
if (JOBS_MAX >= FOUND) {
  ERROR("the number of a job does not fit below FOUND");
}

/** `task`, whose capability to `job` was checked, ends it. `endMoreJobs` has to follow. */
export function beginEnd(task: Task, job: Job): void {
  job.retain();
  task.ends = job;
  task.endsAt = 0;
}

/** One turn of what `task` has begun to end. True when all is done. */
export function endMoreJobs(task: Task): bool {
  const top = task.ends;
  if (top === null) {
    return true;
  }
  thisHart().wants |= WANTS_PAUSE;
  const asks = task.asks;
  if (asks !== null) {
    if (killTasksOf(asks, task, TASKS_A_TURN)) {
      task.asks = null;
      releaseJob(asks);
    }
    return false;
  }
  if (!closeNext(task, top)) {
    return false;
  }
  task.ends = null;
  releaseJob(top);
  return true;
}

/**
 * Looks at the next jobs, as far as one is found whose tasks have to be asked. True if none is left: a job that is still
 * open may make another at a number that was passed, so it is looked again until a whole pass closes none.
 */
function closeNext(task: Task, top: Job): bool {
  for (let i: u32 = 0; i < JOBS_A_TURN; i++) {
    const at = task.endsAt & (FOUND - 1);
    if (at === JOBS_MAX) {
      const isLast = (task.endsAt & FOUND) === 0;
      task.endsAt = AGAIN;
      return isLast;
    }
    task.endsAt++;
    const other = jobAt(at);
    if (!mayHaveToEnd(task, other) || !other.tryRetain()) {
      continue;
    }
    if (isBelow(other, top)) {
      task.endsAt |= other.close() ? FOUND : 0;
      task.asks = other;
      return false;
    }
    releaseJob(other);
  }
  return false;
}

/** One that was closed before makes no other. Who closed it may still be asking its tasks: one pass asks them, too. */
function mayHaveToEnd(task: Task, job: Job): bool {
  return !job.isEnded || ((task.endsAt & AGAIN) === 0 && hasTasks(job));
}
