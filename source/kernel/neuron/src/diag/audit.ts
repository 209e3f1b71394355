/**
 * The audit trail (abi/audit.ts): fixed records for each kind, in memory, read by who holds the capability. Recording never
 * waits and never prints. A production build leaves harts and times out: they are on the console as soon as the trail is read
 * there.
 *
 * Who floods pushes out only what is its own: the same thing again is counted in its record, and one task (or client of a
 * service) has at most AUDIT_RECORDS_A_TASK records of a kind.
 */
import {
  AUDIT_CLIENT_MASK,
  AUDIT_KIND_COUNT,
  AUDIT_RECORDS_A_TASK,
  AUDIT_RECORDS_MAX,
  Audit,
} from "abi/audit";
import { PRODUCTION } from "gen/profile";
import { HARTS_MAX } from "../arch/riscv/frame";
import { thisHart } from "../arch/riscv/hart";
import { readTime } from "../arch/riscv/intrinsics";
import { LOCK_BYTES, Lock } from "../sync/lock";
import { Rank } from "../sync/order";

/** No task: the kernel did it of its own accord. */
export const NO_TASK: u32 = 0xffff_ffff;

/** One record. Under the lock. */
@unmanaged
@final
export class AuditRecord {
  /** 1 for the first of all records; 0 for none. The latest time counts. */
  sequence: u64;
  time: u64;
  hart: u32;
  task: u32;
  word0: u64;
  word1: u64;
  /** How often it came. */
  times: u32;
}

const records: usize = memory.data(AUDIT_KIND_COUNT * AUDIT_RECORDS_MAX * offsetof<AuditRecord>(), 8);
const lockWord: usize = memory.data(LOCK_BYTES, 8);
/** A copy for each hart. */
const copies: usize = memory.data(HARTS_MAX * offsetof<AuditRecord>(), 8);
let sequence: u64 = 0;

function lock(): Lock {
  return changetype<Lock>(lockWord);
}

function recordAt(kind: u32, position: u32): AuditRecord {
  return changetype<AuditRecord>(records + (kind * AUDIT_RECORDS_MAX + position) * offsetof<AuditRecord>());
}

export function auditInit(): void {
  lock().init(Rank.Audit);
}

/** Adds a record of `kind`, or counts it in the one that says the same. `task` is a task's `id`. */
export function audit(kind: Audit, task: u32, word0: u64, word1: u64): void {
  const time = PRODUCTION ? 0 : readTime();
  const hart = PRODUCTION ? 0 : thisHart().index;
  const first = isSilent(kind) ? 0 : word0;
  const second = isSilent(kind) ? 0 : word1;
  lock().acquire();
  let record = same(kind, task, first, second);
  if (record === null) {
    record = placeFor(kind, task, first);
    record.times = 0;
  }
  sequence++;
  record.sequence = sequence;
  record.time = time;
  record.hart = hart;
  record.task = task;
  record.word0 = first;
  record.word1 = second;
  record.times++;
  lock().release();
}

/** The record that says the same, or null. That a hart reached its limit says the same whatever its count is. */
function same(kind: Audit, task: u32, word0: u64, word1: u64): AuditRecord | null {
  for (let i: u32 = 0; i < AUDIT_RECORDS_MAX; i++) {
    const record = recordAt(kind, i);
    if (record.sequence === 0 || record.task !== task || record.word0 !== word0) continue;
    if (record.word1 === word1 || kind === Audit.IpiLimited) return record;
  }
  return null;
}

/** A free record; else the oldest of who has all that it may have; else the oldest of all. */
function placeFor(kind: Audit, task: u32, word0: u64): AuditRecord {
  let oldest = recordAt(kind, 0);
  let own = oldest;
  let owned: u32 = 0;
  for (let i: u32 = 0; i < AUDIT_RECORDS_MAX; i++) {
    const record = recordAt(kind, i);
    if (record.sequence === 0) return owned < AUDIT_RECORDS_A_TASK ? record : own;
    if (record.sequence < oldest.sequence) oldest = record;
    if (record.task !== task || whom(kind, record.word0) !== whom(kind, word0)) continue;
    if (owned === 0 || record.sequence < own.sequence) own = record;
    owned++;
  }
  return owned < AUDIT_RECORDS_A_TASK ? oldest : own;
}

/** The client that a service speaks of, where it does; of the kernel's own kinds the task says it all. */
function whom(kind: Audit, word0: u64): u64 {
  return kind === Audit.BlockRefused || kind === Audit.ReadFailed ? word0 & AUDIT_CLIENT_MASK : 0;
}

/** Whether the words of this kind name harts, which a production build does not. */
function isSilent(kind: Audit): bool {
  return (
    PRODUCTION && (kind === Audit.HartStarted || kind === Audit.HartStopped || kind === Audit.IpiLimited)
  );
}

/** A copy, this hart's own, of the oldest record of `kind` with a sequence above `after`; null behind the last. */
export function auditRecord(kind: u32, after: u64): AuditRecord | null {
  const copy = changetype<AuditRecord>(copies + thisHart().index * offsetof<AuditRecord>());
  lock().acquire();
  let next: AuditRecord | null = null;
  for (let i: u32 = 0; i < AUDIT_RECORDS_MAX; i++) {
    const record = recordAt(kind, i);
    if (record.sequence > after && (next === null || record.sequence < next.sequence)) next = record;
  }
  if (next !== null) memory.copy(changetype<usize>(copy), changetype<usize>(next), offsetof<AuditRecord>());
  lock().release();
  return next === null ? null : copy;
}
