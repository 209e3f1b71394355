/**
 * Charging what a task takes to a job, with a record in the audit trail where the job has no more of it. Reached from
 * syscall/; goes on in job/job.ts.
 */
import { Audit } from "abi/audit";
import { Resource } from "abi/job";
import { Refusal } from "abi/refusal";
import { audit } from "../diag/audit";
import { Job } from "../job/job";
import { Task } from "./objects";

/** Charges one `resource` and `pages` pages to `job`, for `task`. Refusal.Quota, audited, if the job has not that left. */
export function chargeTo(job: Job, task: Task, resource: Resource, pages: u32): Refusal {
  const refusal = job.take(resource, 1, pages) ? Refusal.None : Refusal.Quota;
  return auditQuota(task, job, resource, refusal);
}

/** Audits `refusal` if it is Refusal.Quota: `task` was refused a `resource` of `job`. Returns `refusal`. */
export function auditQuota(task: Task, job: Job, resource: Resource, refusal: Refusal): Refusal {
  if (refusal === Refusal.Quota) {
    audit(Audit.QuotaRefused, task.id, resource, job.number);
  }
  return refusal;
}
