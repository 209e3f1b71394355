/**
 * The audit trail (abi/audit.ts): fixed records for each kind, in memory, for holders of the capability to read.
 * Recording never waits and never prints. A production build leaves harts and times out: they are on the console as
 * soon as the trail is read there.
 *
 * A task that floods pushes out only its own records: the same thing again is counted in its record, and one task (or
 * client of a service) has at most AUDIT_RECORDS_A_TASK records of a kind. What a task makes has a share of its own.
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
  /** Whose share of the kind it takes: a task's id, or a client. */
  whose: u64;
  time: u64;
  hart: u32;
  task: u32;
  word0: u64;
  word1: u64;
  /** How often it came. */
  times: u32;
}

const records: usize = memory.data(AUDIT_KIND_COUNT * AUDIT_RECORDS_MAX * <u32>offsetof<AuditRecord>(), 8);
/** How many records of each kind are in use, the first ones. */
const counts: usize = memory.data(AUDIT_KIND_COUNT * 4, 4);
const lock = changetype<Lock>(memory.data(LOCK_BYTES, 8));
/** A copy for each hart. */
const copies: usize = memory.data(HARTS_MAX * offsetof<AuditRecord>(), 8);
let sequence: u64 = 0;

function recordAt(kind: u32, position: u32): AuditRecord {
  return changetype<AuditRecord>(records + (kind * AUDIT_RECORDS_MAX + position) * offsetof<AuditRecord>());
}

export function auditInit(): void {
  lock.init(Rank.Audit);
}

/** Adds a record of `kind`, or counts it in the one that says the same. `task` is a task's `id`. */
export function audit(kind: Audit, task: u32, word0: u64, word1: u64): void {
  // Of the kinds in which a service speaks of a client, the client has the share.
  const isOfClient = kind === Audit.BlockRefused || kind === Audit.ReadFailed;
  auditOf(isOfClient ? word0 & AUDIT_CLIENT_MASK : task, kind, task, word0, word1);
}

/** The same, for the share of `whose`. */
export function auditOf(whose: u64, kind: Audit, task: u32, word0: u64, word1: u64): void {
  const time = PRODUCTION ? 0 : readTime();
  const hart = PRODUCTION ? 0 : thisHart().index;
  const first = isSilent(kind) ? 0 : word0;
  const second = isSilent(kind) ? 0 : word1;
  lock.acquire();
  const record = placeFor(whose, kind, task, first, second);
  sequence++;
  record.sequence = sequence;
  record.whose = whose;
  record.time = time;
  record.hart = hart;
  record.task = task;
  record.word0 = first;
  record.word1 = second;
  record.times++;
  lock.release();
}

/**
 * The record that says the same; else, with `times` set to 0, the oldest of `whose` if that has all that it may have, a
 * free one, or the oldest of all. The lock is held.
 */
function placeFor(whose: u64, kind: Audit, task: u32, word0: u64, word1: u64): AuditRecord {
  const begin = changetype<usize>(recordAt(kind, 0));
  const used = changetype<usize>(counts) + ((<usize>kind) << 2);
  const end = begin + load<u32>(used) * offsetof<AuditRecord>();
  let own: usize = 0;
  let owned: u32 = 0;
  for (let at = begin; at < end; at += offsetof<AuditRecord>()) {
    const record = changetype<AuditRecord>(at);
    if (record.whose !== whose) {
      continue;
    }
    if (saysSame(record, kind, task, word0, word1)) {
      return record;
    }
    if (own === 0 || record.sequence < changetype<AuditRecord>(own).sequence) {
      own = at;
    }
    owned++;
  }
  let place = changetype<AuditRecord>(own);
  if (owned < AUDIT_RECORDS_A_TASK) {
    const isFull = load<u32>(used) === AUDIT_RECORDS_MAX;
    place = isFull ? oldestOf(begin, end) : changetype<AuditRecord>(end);
    if (!isFull) {
      store<u32>(used, load<u32>(used) + 1);
    }
  }
  place.times = 0;
  return place;
}

function oldestOf(begin: usize, end: usize): AuditRecord {
  let oldest = begin;
  for (let at = begin; at < end; at += offsetof<AuditRecord>()) {
    if (changetype<AuditRecord>(at).sequence < changetype<AuditRecord>(oldest).sequence) {
      oldest = at;
    }
  }
  return changetype<AuditRecord>(oldest);
}

/** Whether the record says the same as these words. Two records that a hart reached its limit do, with any count. */
function saysSame(record: AuditRecord, kind: Audit, task: u32, word0: u64, word1: u64): bool {
  if (record.task !== task || record.word0 !== word0) {
    return false;
  }
  return record.word1 === word1 || kind === Audit.IpiLimited;
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
  lock.acquire();
  let next: AuditRecord | null = null;
  for (let i: u32 = 0; i < AUDIT_RECORDS_MAX; i++) {
    const record = recordAt(kind, i);
    if (record.sequence > after && (next === null || record.sequence < next.sequence)) {
      next = record;
    }
  }
  if (next !== null) {
    memory.copy(changetype<usize>(copy), changetype<usize>(next), offsetof<AuditRecord>());
  }
  lock.release();
  return next === null ? null : copy;
}
