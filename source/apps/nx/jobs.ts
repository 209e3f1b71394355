/** `jobs`: what each job may have, and what is charged to it (abi/job.ts). */
import { isJob, isJobEnded, parentOfJob, Topic } from "abi/info";
import { JOBS_MAX } from "abi/job";
import { Role } from "abi/startup";
import { TASK_NAME_BYTES } from "abi/task";
import { information, result } from "runtime/call";
import { slotOf } from "runtime/startup";
import { lengthToZero } from "text/bytes";
import { beginRow, beginValue, bytes, composed, endRow, isForPeople, number, refused, words } from "./answer";
import { CommandLine } from "./command-line";

/** The words of Topic.Job, then those of Topic.JobRest. */
const job: usize = memory.data(12 * 8, 8);

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
  return rest;
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
  amount("pages", "pages_limit", 14, word(3));
  amount("tasks", "tasks_limit", 8, word(4));
  amount("objects", "objects_limit", 9, word(5));
  amount("endpoints", "endpoints_limit", 9, word(6));
  amount("signals", "signals_limit", 8, word(7));
  amount("pins", "pins_limit", 6, word(8));
  amount("jobs", "jobs_limit", 6, word(9));
  words("state", 5, isJobEnded(about) ? "ended" : "open");
  endRow();
}

/** What is charged, and the limit: `12/64` for people. */
function amount(key: string, limitKey: string, width: u32, packed: u64): void {
  const charged = <u64>(<u32>packed);
  const limit = packed >> 32;
  if (isForPeople()) {
    composed(key, width, beginValue().decimal(charged).text("/").decimal(limit));
    return;
  }
  number(key, 0, charged);
  number(limitKey, 0, limit);
}
