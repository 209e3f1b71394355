/** `jobs`: what each job may have, and what is charged to it (abi/job.ts). */
import { isJob, isJobEnded, parentOfJob, Topic } from "abi/info";
import { JOBS_MAX } from "abi/job";
import { Role } from "abi/startup";
import { TASK_NAME_BYTES } from "abi/task";
import { information, result } from "runtime/call";
import { CommandLine } from "runtime/command-line";
import { slotOf, startup } from "runtime/startup";
import { lengthToZero } from "text/bytes";
import { beginRow, beginValue, bytes, composed, endRow, number, refused, words } from "./answer";

/** The words of Topic.Job, then those of Topic.JobRest and Topic.JobTime. */
const job: usize = memory.data(14 * 8, 8);

/** A row for each job. Prints why and returns false if the kernel refuses. */
export function answerJobs(_line: CommandLine): bool {
  for (let index: u32 = 0; index < JOBS_MAX; index++) {
    const status = ask(index);
    if (status < 0) {
      return refused("asking the kernel", status);
    }
    if (isJob(word(2))) {
      answerJob(index);
    }
  }
  return true;
}

/** Printing is a system call too, so everything is taken out of the results before it. */
function ask(index: u32): i32 {
  const info = slotOf(Role.Info);
  const status = information(info, Topic.Job, index);
  if (status < 0) {
    return status;
  }
  for (let i: u32 = 0; i < 6; i++) {
    store<u64>(job + (i << 3), result(i));
  }
  const rest = information(info, Topic.JobRest, index);
  for (let i: u32 = 0; i < 4; i++) {
    store<u64>(job + ((6 + i) << 3), result(i));
  }
  if (rest < 0) {
    return rest;
  }
  const time = information(info, Topic.JobTime, index);
  for (let i: u32 = 0; i < 3; i++) {
    store<u64>(job + ((10 + i) << 3), result(i));
  }
  return time;
}

function word(index: u32): u64 {
  return load<u64>(job + (index << 3));
}

function answerJob(index: u32): void {
  const about = word(2);
  const parent = parentOfJob(about);
  beginRow();
  number("job", 4, index);
  // The root has no name: it is nexus-init's.
  const length = lengthToZero(job, TASK_NAME_BYTES);
  if (length === 0) {
    words("name", TASK_NAME_BYTES, parent === index ? "(all)" : "-");
  } else {
    bytes("name", TASK_NAME_BYTES, job, length);
  }
  if (parent === index) {
    words("of", 3, "-");
  } else {
    composed("of", 3, beginValue().decimal(parent));
  }
  amount("pages", 14, word(3));
  amount("tasks", 8, word(4));
  amount("objects", 9, word(5));
  amount("endpoints", 9, word(6));
  amount("signals", 8, word(7));
  amount("pins", 6, word(8));
  amount("jobs", 6, word(9));
  number("ms", 8, milliseconds(word(10)));
  // In each period: 0/0 for no limit.
  limited("budget", 8, milliseconds(word(11)), milliseconds(word(12)));
  words("state", 5, isJobEnded(about) ? "ended" : "open");
  endRow();
}

/** Ticks of the timebase in milliseconds. */
function milliseconds(ticks: u64): u64 {
  return ticks / (startup().timebase / 1000);
}

/** What there is of something, and the limit: `12/64`. */
function limited(key: string, width: u32, amount: u64, limit: u64): void {
  composed(key, width, beginValue().decimal(amount).text("/").decimal(limit));
}

/** What is charged, and the limit above it. */
function amount(key: string, width: u32, packed: u64): void {
  limited(key, width, <u64>(<u32>packed), packed >> 32);
}
