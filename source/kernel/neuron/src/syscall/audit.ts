/** Reading the audit trail, and the services' own records. */
import { AUDIT_FIRST_OF_SERVICES, AUDIT_KIND_COUNT, Audit } from "abi/audit";
import { Kind, Right } from "abi/handle";
import { Refusal } from "abi/refusal";
import { audit, auditRecord } from "../diag/audit";
import { setResults, setStatus } from "../ipc/results";
import { check } from "../task/handles";
import { Task } from "../task/objects";

export function read(task: Task, slot: u64, kind: u64, after: u64): void {
  const refusal = check(task, slot, Kind.Audit, Right.Read);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  if (kind >= AUDIT_KIND_COUNT) {
    return setStatus(task, Refusal.BadArgument);
  }
  const record = auditRecord(<u32>kind, after);
  if (record === null) {
    return setResults(task, 0, 0, 0, 0, 0, 0);
  }
  const hart = <u64>record.hart | ((<u64>record.times) << 32);
  setResults(task, record.sequence, record.time, hart, record.task, record.word0, record.word1);
}

/** A service speaks for itself only: the kernel's kinds are the kernel's. */
export function write(task: Task, slot: u64, kind: u64, word0: u64, word1: u64): void {
  const refusal = check(task, slot, Kind.Audit, Right.Write);
  if (refusal !== Refusal.None) {
    return setStatus(task, refusal);
  }
  if (kind < AUDIT_FIRST_OF_SERVICES || kind >= AUDIT_KIND_COUNT) {
    return setStatus(task, Refusal.BadArgument);
  }
  audit(<Audit>kind, task.id, word0, word1);
  setStatus(task, Refusal.None);
}
