/**
 * Interrupts between harts. A hart that wants another to look at its run queue sets a bit in the other's mailbox, then
 * raises a software interrupt there. Only the kernel sends them.
 *
 *   mailbox   bit s (0 to 3)        hart s asks: look at your run queue
 *             bit 16 + s            and has sent an interrupt for it
 *             bit 30                stop, until you are started again
 *             bit 31                stop for ever: some hart panicked
 *
 * Two things keep them few. Coalescing: while an interrupt from any hart is under way, no other is sent to the same
 * target. A limit: a token bucket holds each sender to IPIS_PER_SECOND_MAX; past it the bit stays set and the target
 * finds it at its next tick. So the limit can delay a wake-up, but never loses one. sched/wake.ts decides which tasks
 * may use which part of the bucket.
 *
 * The sender of an IPI is the mailbox bit, which only the kernel on that hart sets: no task can forge it.
 *
 * Reached from sched/wake.ts; goes on in sbi/ipi.ts (or the ACLINT), and on the other side in trap.ts.
 */

import { SIE_SSIE } from "./csr";
import { HARTS_MAX } from "./frame";
import { Hart, hartAt, hartCount, isOnline, thisHart } from "./hart";
import { clearSip, fenceIo, volatileStore32 } from "./intrinsics";
import { sendIpi } from "./sbi/ipi";

/** What a hart may send in any one second: what the bucket holds, and what flows into it meanwhile. */
export const IPIS_PER_SECOND_MAX: u32 = 1000;
/** What the bucket holds: this many may come at once. */
export const IPI_BURST_MAX: u32 = 200;
/** The mailbox bit of a panic. */
const MAIL_STOP: u32 = 1 << 31;
const MAIL_RETIRE: u32 = 1 << 30;
export const MAIL_SENT_SHIFT: u32 = 16;
export const MAIL_SENDERS: u32 = (1 << HARTS_MAX) - 1;

/** Kernel address of the ACLINT's SSWI registers, or 0 where the device tree offers none. */
let sswi: usize = 0;
/** Register of each hart, by logical number. */
const sswiIndices: usize = memory.data(HARTS_MAX * 4, 4);

/** From now on IPIs are stores to `address` (ACLINT 4, SSWI device) instead of SBI calls. */
export function useSswi(address: usize): void {
  sswi = address;
}

/** Which register interrupts hart `hart`: its place in the device tree's `interrupts-extended`. */
export function setSswiIndex(hart: u32, index: u32): void {
  store<u32>(sswiIndices + (hart << 2), index);
}

/** Raises the supervisor software interrupt on `target`. */
function raise(target: Hart): void {
  if (sswi !== 0) {
    fenceIo(); // the mailbox bit is seen before the interrupt is
    volatileStore32(sswi + (load<u32>(sswiIndices + (target.index << 2)) << 2), 1);
  } else {
    // An error means that the hart is not there; the bit stays for its tick, as with the limit.
    sendIpi(1, target.hartid);
  }
}

/**
 * Asks hart `index` to look at its run queue. Must not be this hart. `floor` tokens are left for what matters more.
 * False if the limit leaves it to its tick.
 */
export function notifyHart(index: u32, floor: u32): bool {
  const self = thisHart();
  const target = hartAt(index);
  const before = target.mailbox.set(1 << self.index);
  // If one was under way at that moment, its receiver has yet to empty the mailbox and will find our bit in it.
  if (((before >> MAIL_SENT_SHIFT) & MAIL_SENDERS) !== 0) {
    self.ipisCoalesced++;
    return true;
  }
  if (self.ipiTokens <= floor) {
    self.ipisLimited++;
    return false;
  }
  self.ipiTokens--;
  self.ipisSent++;
  target.mailbox.set(1 << (MAIL_SENT_SHIFT + self.index));
  raise(target);
  return true;
}

/**
 * Takes what is in this hart's mailbox, all of it. Clears the interrupt first and reads after it, because a bit
 * that is set between the two raises the interrupt again; the other way round it would be lost.
 */
export function takeMail(): u32 {
  clearSip(SIE_SSIE);
  fenceIo(); // to a fence, CSR accesses are input and output (unprivileged ISA, Zicsr)
  const mailbox = thisHart().mailbox;
  return mailbox.value === 0 ? 0 : mailbox.exchange(0);
}

/** The harts that sent an interrupt, among the bits of `takeMail`. */
export function mailSenders(mail: u32): u32 {
  return (mail >> MAIL_SENT_SHIFT) & MAIL_SENDERS;
}

/** Whether another hart panicked. */
export function mailStops(mail: u32): bool {
  return (mail & MAIL_STOP) !== 0;
}

/** Whether another hart asks this one to stop. */
export function mailRetires(mail: u32): bool {
  return (mail & MAIL_RETIRE) !== 0;
}

/** Asks hart `index` to stop until it is started again. Right.Manage on Kind.Harts was checked; no limit applies. */
export function requestStop(index: u32): void {
  const target = hartAt(index);
  target.mailbox.set(MAIL_RETIRE);
  raise(target);
}

/** A hart that starts finds an empty mailbox. */
export function clearMail(hart: Hart): void {
  hart.mailbox.value = 0;
}

/** Counts an IPI taken from each sender in `senders`; returns those that were the first of their kind. */
export function countMail(senders: u32): u32 {
  const self = thisHart();
  let first: u32 = 0;
  for (let sender: u32 = 0; sender < HARTS_MAX; sender++) {
    if ((senders & (1 << sender)) === 0) {
      continue;
    }
    const at = self.ipisFrom(sender);
    const count = load<u64>(at);
    if (count === 0) {
      first |= 1 << sender;
    }
    store<u64>(at, count + 1);
    self.ipisTaken++;
  }
  return first;
}

/** Fills the bucket of this hart by what one of `ticksPerSecond` ticks is worth. */
export function refillIpiTokens(ticksPerSecond: u32): void {
  const self = thisHart();
  const filled = self.ipiTokens + (IPIS_PER_SECOND_MAX - IPI_BURST_MAX) / ticksPerSecond;
  self.ipiTokens = filled > IPI_BURST_MAX ? IPI_BURST_MAX : filled;
}

/** After a panic: every other hart stops at its next instruction in user mode or in WFI. No limit applies. */
export function stopOthers(): void {
  const self = thisHart();
  for (let i: u32 = 0; i < hartCount(); i++) {
    if (i === self.index || !isOnline(i)) {
      continue;
    }
    const target = hartAt(i);
    target.mailbox.set(MAIL_STOP);
    raise(target);
  }
}
