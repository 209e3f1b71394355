/**
 * The outcome of the last access to memory. There is only one access at a time, so the outcome is kept here and not passed
 * through every function.
 */
import { Cause } from "../hart/trap";

/** What an access is for, in the order of the exception codes below. */
export const enum Access {
  Load = 0,
  Store = 1,
  Fetch = 2,
}

/** The outcome of an access, beside its value. */
export const enum Outcome {
  Done = 0,
  /** Done, and its effect (on a device, on code) goes beyond this hart's registers: leave the fast loop. */
  Noted = 1,
  /** Not done; faultCause and faultValue say why. */
  Fault = 2,
}

/** The outcome of the last access; for a fault, its exception code and what tval shows. */
export let outcome: Outcome = Outcome.Done;
export let faultCause: Cause = 0;
export let faultValue: u64 = 0;

/** No physical address. */
export const NOWHERE: u64 = ~0;

/** An access begins. */
export function begin(): void {
  outcome = Outcome.Done;
}

/** The access has an effect beyond this hart's registers. */
export function note(): void {
  outcome = Outcome.Noted;
}

/** Whether the last access failed. */
export function faulted(): bool {
  return outcome === Outcome.Fault;
}

/** The access fails with the exception `cause`. tval will show `value`. */
export function fault(cause: Cause, value: u64): u64 {
  outcome = Outcome.Fault;
  faultCause = cause;
  faultValue = value;
  return NOWHERE;
}

/** There is no translation, or it does not allow the access. */
export function pageFault(address: u64, access: Access): u64 {
  if (access === Access.Fetch) {
    return fault(Cause.FetchPage, address);
  }
  return fault(access === Access.Load ? Cause.LoadPage : Cause.StorePage, address);
}

/** There is neither memory nor a device, or PMP does not allow the access. */
export function accessFault(address: u64, access: Access): u64 {
  if (access === Access.Fetch) {
    return fault(Cause.FetchAccess, address);
  }
  return fault(access === Access.Load ? Cause.LoadAccess : Cause.StoreAccess, address);
}
