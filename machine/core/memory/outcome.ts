/**
 * What the last access of a hart came to. There is one at a time, so it is kept here instead of being passed about.
 */
import { Cause } from "../hart/trap";

/** What an access is for; the order is that of the exception codes below. */
export const enum Access {
  Load = 0,
  Store = 1,
  Fetch = 2,
}

/** What an access came to, beside its value. */
export const enum Outcome {
  Done = 0,
  /** Done, and what it did (device, code) concerns more than this hart's registers: leave the fast loop. */
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

/** It concerns more than this hart's registers. */
export function note(): void {
  outcome = Outcome.Noted;
}

/** Whether the last access failed. */
export function faulted(): bool {
  return outcome === Outcome.Fault;
}

/** The access is not done, for `cause`; `value` is what tval shows. */
export function fault(cause: Cause, value: u64): u64 {
  outcome = Outcome.Fault;
  faultCause = cause;
  faultValue = value;
  return NOWHERE;
}

/** The translation is not there, or does not allow it. */
export function pageFault(address: u64, access: Access): u64 {
  if (access === Access.Fetch) {
    return fault(Cause.FetchPage, address);
  }
  return fault(access === Access.Load ? Cause.LoadPage : Cause.StorePage, address);
}

/** Nothing is there, or PMP does not allow it. */
export function accessFault(address: u64, access: Access): u64 {
  if (access === Access.Fetch) {
    return fault(Cause.FetchAccess, address);
  }
  return fault(access === Access.Load ? Cause.LoadAccess : Cause.StoreAccess, address);
}
