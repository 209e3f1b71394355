/**
 * `audit`: what the kernel and the services wrote into the audit trail. Each kind has records of its own there
 * (abi/audit.ts); this merges them into one story, by their sequence.
 */
import { AUDIT_KIND_COUNT, AUDIT_READ_AGAIN, AUDIT_RECORDS_MAX, Audit } from "abi/audit";
import { Resource } from "abi/job";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { End } from "abi/task";
import { PRODUCTION } from "gen/profile";
import { ImageError, imageErrorText } from "pkgimg/format";
import { blkMethodName, blkStatusName } from "runtime/blocks";
import { auditRead, result } from "runtime/call";
import { CommandLine } from "runtime/command-line";
import { print } from "runtime/log";
import { refusalName, resourceName, sayEnd } from "runtime/names";
import { slotOf, startup } from "runtime/startup";
import { lengthToZero } from "text/bytes";
import { Line } from "text/line";
import { DeviceFault, faultName } from "virtio/fault";
import {
  beginRow,
  beginValue,
  bringUpNumber,
  composed,
  endRow,
  hexadecimal,
  isForPeople,
  number,
  refused,
  say,
  words,
} from "./answer";
import { taskText } from "./tasks";

/** The kernel's number for "no task". */
const NO_TASK: u64 = 0xffff_ffff;

@unmanaged
@final
class Record {
  sequence: u64;
  time: u64;
  hart: u64;
  task: u64;
  word0: u64;
  word1: u64;
  kind: u32;
  times: u32;
}

const RECORDS_MAX: u32 = AUDIT_KIND_COUNT * AUDIT_RECORDS_MAX;
/** The part of a task's name that a record has room for: one word. */
const NAME_BYTES: u32 = 8;
const records: usize = memory.data(RECORDS_MAX * offsetof<Record>(), 8);
const name: usize = memory.data(NAME_BYTES, 8);
let count: u32 = 0;

/** Prints all records that are left, the oldest first. If that fails, prints why and returns false. */
export function answerAudit(_line: CommandLine): bool {
  const audit = slotOf(Role.Audit);
  if (audit === NO_SLOT) {
    print(say("only the shell started at boot may read the audit trail"));
    return false;
  }
  count = 0;
  for (let kind: u32 = 0; kind < AUDIT_KIND_COUNT; kind++) {
    const status = collect(audit, kind);
    if (status < 0) {
      return refused("reading the audit trail", status);
    }
  }
  let last: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const record = firstAfter(last);
    if (record === null) {
      break;
    }
    last = record.sequence;
    answerRecord(record);
  }
  return true;
}

/** Copies the records of a kind. */
function collect(audit: u32, kind: u32): i32 {
  let after: u64 = 0;
  for (let i: u32 = 0; i < AUDIT_RECORDS_MAX; i++) {
    const status = auditRead(audit, kind, after);
    if (status < 0) {
      return status;
    }
    if (result(0) === 0) {
      return 0;
    }
    after = result(0);
    const record = recordAt(count);
    count += 1;
    record.sequence = result(0);
    record.time = result(1);
    record.hart = result(2) & 0xffff_ffff;
    record.times = <u32>(result(2) >> 32);
    record.task = result(3);
    record.word0 = result(4);
    record.word1 = result(5);
    record.kind = kind;
  }
  return 0;
}

/** The record with the lowest sequence above `last`. */
function firstAfter(last: u64): Record | null {
  let found: Record | null = null;
  for (let i: u32 = 0; i < count; i++) {
    const record = recordAt(i);
    if (record.sequence <= last) {
      continue;
    }
    if (found === null || record.sequence < found.sequence) {
      found = record;
    }
  }
  return found;
}

function answerRecord(record: Record): void {
  beginRow();
  number("sequence", 8, record.sequence);
  bringUpNumber("ms", 8, (record.time * 1000) / startup().timebase);
  bringUpNumber("hart", 4, record.hart);
  if (record.task === NO_TASK) {
    words("task", 6, "-");
  } else {
    composed("task", 6, taskText(<u32>record.task, beginValue()));
  }
  number("times", 5, record.times);
  words("kind", 18, kindName(record.kind));
  if (!isForPeople()) {
    hexadecimal("word0", 0, record.word0);
    hexadecimal("word1", 0, record.word1);
  }
  composed("what", 0, meaning(record, beginValue()));
  endRow();
}

function kindName(kind: u32): string {
  switch (kind) {
    case Audit.HartStarted:
      return "hart-started";
    case Audit.HartStopped:
      return "hart-stopped";
    case Audit.IpiLimited:
      return "ipi-limited";
    case Audit.CapabilityRefused:
      return "capability-refused";
    case Audit.TaskEnded:
      return "task-ended";
    case Audit.QuotaRefused:
      return "quota-refused";
    case Audit.BlockRefused:
      return "block-refused";
    case Audit.ServiceRestarted:
      return "service-restarted";
    case Audit.ImageRefused:
      return "image-refused";
    case Audit.DeviceFault:
      return "device-fault";
    case Audit.ReadFailed:
      return "read-failed";
    default:
      return "unknown";
  }
}

/** The two words of a record as abi/audit.ts explains them. */
function meaning(record: Record, to: Line): Line {
  const first = record.word0;
  const second = record.word1;
  switch (record.kind) {
    case Audit.HartStarted:
    case Audit.HartStopped:
      if (PRODUCTION) {
        return to.text("which one is for bring-up only");
      }
      return to.text("hart ").decimal(first).text(", hart id ").decimal(second);
    case Audit.IpiLimited:
      if (PRODUCTION) {
        return to.text("a hart was not told");
      }
      return to.text("hart ").decimal(first).text(" was not told, ").decimal(second).text(" so far");
    case Audit.CapabilityRefused:
      return to
        .text("slot ")
        .decimal(first)
        .text(": ")
        .text(refusalName(-(<i32>second))); // kept as a positive number
    case Audit.TaskEnded:
      return sayEnd(to, <End>first, second);
    case Audit.QuotaRefused:
      return to
        .text("job ")
        .decimal(second)
        .text(" had no more ")
        .text(resourceName(<Resource>(<u32>first)));
    case Audit.BlockRefused:
      to.text("client ")
        .decimal(first & 0xffff_ffff)
        .text(", method ")
        .code(first >> 32, blkMethodName(<u32>(first >> 32)));
      return to.text(", sector ").decimal(second);
    case Audit.ServiceRestarted:
      store<u64>(name, first);
      return to.printable(name, lengthToZero(name, NAME_BYTES)).text(", attempt ").decimal(second);
    case Audit.ImageRefused:
      to.text("reason ").code(<u64>(<u32>first), imageErrorText(<ImageError>(<u32>first)));
      to.text(", block ").decimal(second);
      return isReadAgain(first) ? to.text(", good when read again") : to;
    case Audit.DeviceFault:
      to.text("fault ").code(first, faultName(<DeviceFault>(<u32>first)));
      return to.text(", resets ").decimal(second);
    case Audit.ReadFailed:
      to.text("client ")
        .decimal(first & 0xffff_ffff)
        .text(", sector ")
        .decimal(second);
      to.text(": ").text(blkStatusName(<i32>((first & ~AUDIT_READ_AGAIN) >> 32)));
      return isReadAgain(first) ? to.text(", read again") : to;
    default:
      return to.hex(first).text(" ").hex(second);
  }
}

function isReadAgain(word: u64): bool {
  return (word & AUDIT_READ_AGAIN) !== 0;
}

function recordAt(index: u32): Record {
  return changetype<Record>(records + <usize>(index * <u32>offsetof<Record>()));
}
