/**
 * The time that jobs use, and may use. What a task uses is counted for its job and for each job from which that was made.
 * A job may have a budget: so much time in each period. Reached from sched/time.ts, which knows who uses the time, and
 * from syscall/job.ts.
 *
 * Harts count at the same time. The sum is atomic; two harts that both begin a period may each count a tick of the
 * scheduler to the old one or to the new one.
 */
import { Job } from "./job";

/** Counts `time` for `job` and those above it. */
export function countTime(job: Job, time: u64): void {
  let at: Job | null = job;
  // bounded by the jobs there are
  while (at !== null) {
    at.use(time);
    at = at.parent;
  }
}

/** Gives `job` so much time in each period from `now` on; a budget of 0 is no limit. In ticks of the timebase. */
export function limitTime(job: Job, budget: u64, period: u64, now: u64): void {
  job.periodStart = now;
  job.usedBefore = job.used;
  job.period = period;
  job.budget = budget;
  job.spent = 0;
}

/** Whether `job`, and each job above it, has time left in its period. Notes in `spent` what it finds. */
export function hasTime(job: Job, now: u64): bool {
  let at: Job | null = job;
  // bounded by the jobs there are
  while (at !== null && (at.budget === 0 || leavesTime(at, now))) {
    at = at.parent;
  }
  job.spent = at === null ? 0 : 1;
  return at === null;
}

/** Whether there is something left of the period, which begins anew when it is over. */
function leavesTime(job: Job, now: u64): bool {
  if (now - job.periodStart >= job.period) {
    job.periodStart = now;
    job.usedBefore = job.used;
  }
  return job.used - job.usedBefore < job.budget;
}
