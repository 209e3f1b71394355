/**
 * The audit trail (abi/audit.ts): a ring of fixed records for each kind, in memory, read by who holds the capability.
 * Recording never waits and never prints. A production build leaves harts and times out: they are on the console as soon
 * as somebody reads the trail there.
 */
import { AUDIT_KIND_COUNT, AUDIT_RECORDS_MAX, Audit } from "abi/audit";
import { PRODUCTION } from "gen/profile";
import { thisHart } from "../arch/riscv/hart";
import { readTime } from "../arch/riscv/intrinsics";
import { Lock } from "../sync/lock";
import { Rank } from "../sync/order";

/** No task: the kernel did it of its own accord. */
export const NO_TASK: u32 = 0xffff_ffff;

/** One record. Under the lock. */
@unmanaged
@final
export class AuditRecord {
  /** 1 for the first of all records; 0 for none. */
  sequence: u64;
  time: u64;
  hart: u32;
  task: u32;
  word0: u64;
  word1: u64;
}

const records: usize = memory.data(12800, 8);
/** How many records each kind had so far. */
const counts: usize = memory.data(80, 8);
const lock: usize = memory.data(16, 8);
const copied: usize = memory.data(160, 8);
let sequence: u64 = 0;

if (AUDIT_KIND_COUNT * AUDIT_RECORDS_MAX * offsetof<AuditRecord>() > 12800)
  ERROR("the audit rings are too small");
if (AUDIT_KIND_COUNT * 8 > 80) ERROR("a count for each kind");
if (4 * offsetof<AuditRecord>() > 160) ERROR("a copy for each hart");

function recordAt(kind: u32, position: u32): AuditRecord {
  return changetype<AuditRecord>(records + (kind * AUDIT_RECORDS_MAX + position) * offsetof<AuditRecord>());
}

export function auditInit(): void {
  changetype<Lock>(lock).init(Rank.Audit);
}

/** Adds a record of `kind`; the oldest of that kind goes when its ring is full. */
export function audit(kind: Audit, task: u32, word0: u64, word1: u64): void {
  const l = changetype<Lock>(lock);
  const time = PRODUCTION ? 0 : readTime();
  const hart = PRODUCTION ? 0 : thisHart().index;
  l.acquire();
  const at = counts + ((<u32>kind) << 3);
  const count = load<u64>(at);
  store<u64>(at, count + 1);
  sequence++;
  const record = recordAt(kind, <u32>(count % AUDIT_RECORDS_MAX));
  record.sequence = sequence;
  record.time = time;
  record.hart = hart;
  record.task = task;
  record.word0 = isSilent(kind) ? 0 : word0;
  record.word1 = isSilent(kind) ? 0 : word1;
  l.release();
}

/** Whether the words of this kind name harts, which a production build does not. */
function isSilent(kind: Audit): bool {
  return (
    PRODUCTION && (kind === Audit.HartStarted || kind === Audit.HartStopped || kind === Audit.IpiLimited)
  );
}

/** A copy, this hart's own, of record `index` (0 is the oldest that is left) of `kind`; null behind the last. */
export function auditRecord(kind: u32, index: u64): AuditRecord | null {
  const l = changetype<Lock>(lock);
  const copy = changetype<AuditRecord>(copied + thisHart().index * offsetof<AuditRecord>());
  l.acquire();
  const count = load<u64>(counts + (kind << 3));
  const kept = min<u64>(count, AUDIT_RECORDS_MAX);
  const exists = index < kept;
  if (exists) {
    const position = <u32>((count - kept + index) % AUDIT_RECORDS_MAX);
    memory.copy(
      changetype<usize>(copy),
      changetype<usize>(recordAt(kind, position)),
      offsetof<AuditRecord>(),
    );
  }
  l.release();
  return exists ? copy : null;
}
