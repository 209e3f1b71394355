/**
 * Records for the audit trail (abi/audit.ts), from a service that holds the right to add them. A service without that
 * right goes on without the trail: it makes no difference to its work.
 */
import { Audit } from "abi/audit";
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { auditWrite } from "./call";
import { slotOf } from "./startup";

/** Adds a record. What the two words say depends on `kind`. */
export function record(kind: Audit, word0: u64, word1: u64): void {
  const slot = slotOf(Role.Audit);
  if (slot !== NO_SLOT) {
    auditWrite(slot, kind, word0, word1);
  }
}
