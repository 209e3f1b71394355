/**
 * Counts attacks, and checks their outcome: a certain refusal, or any refusal.
 */
import { refusalName } from "runtime/names";
import { fail, failed } from "./report";

let count: u32 = 0;

export function beginAttempts(): void {
  count = 0;
}

/** How many attacks there were. */
export function attempts(): u32 {
  return count;
}

/** Whether `status` is exactly the refusal that was due. If not, prints what it was instead. */
export function isRefusedWith(due: i32, status: i32, what: string): bool {
  count += 1;
  if (status === due) {
    return true;
  }
  const words = failed("refusals").text(what).text(": due was ").text(refusalName(due));
  return fail(words.text(", it gave ").text(refusalName(status)));
}

/** Whether `status` is a refusal of any kind. If not, prints that it was done. */
export function isRefusedAny(status: i32, what: string): bool {
  count += 1;
  if (status < 0) {
    return true;
  }
  return fail(failed("refusals").text(what).text(": it was done"));
}

/** Whether a service gave exactly the status that was due. If not, prints what it was instead. */
export function isAnswered(due: i32, outcome: i32, what: string, statusName: (status: i32) => string): bool {
  count += 1;
  if (outcome === due) {
    return true;
  }
  const words = failed("refusals").text(what).text(": due was ").text(statusName(due)).text(", it gave ");
  return fail(words.text(outcome < 0 ? refusalName(outcome) : statusName(outcome)));
}
