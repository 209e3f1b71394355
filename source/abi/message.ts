/**
 * A message: `info`, four words in registers, and up to a page in the task's message page.
 *
 *   info, sending     63            32 31      24 23       16 15 13 12         0
 *                    ┌────────────────┬──────────┬───────────┬─────┬────────────┐
 *                    │ 0              │ rights   │ slot + 1  │  0  │ bytes      │
 *                    └────────────────┴──────────┴───────────┴─────┴────────────┘
 *   bytes     how much of the message page travels (0 to MESSAGE_BYTES_MAX)
 *   slot + 1  the capability that travels along (a copy, its rights cut to `rights`), 0 for none
 *
 *   info, receiving   63            32 31      24 23       16 15 13 12         0
 *                    ┌────────────────┬──────────┬───────────┬─────┬────────────┐
 *                    │ badge          │ 0        │ slot + 1  │  0  │ bytes      │
 *                    └────────────────┴──────────┴───────────┴─────┴────────────┘
 *   badge     of the endpoint capability that was called: names the caller (0 in a reply)
 *   slot + 1  the receiver's slot that now holds the capability that came along
 */
export const MESSAGE_BYTES_MAX: u32 = 4096;

const BYTES_MASK: u64 = 0x1fff;
const SLOT_SHIFT: u64 = 16;
const RIGHTS_SHIFT: u64 = 24;
const BADGE_SHIFT: u64 = 32;

/** The info word of a message of `bytes` bytes and no capability. */
export function messageInfo(bytes: u32): u64 {
  return <u64>bytes;
}

/** The info word of a message of `bytes` bytes that takes a copy of `slot` along, its rights cut to `rights`. */
export function messageInfoWithSlot(bytes: u32, slot: u32, rights: u32): u64 {
  return <u64>bytes | ((<u64>slot + 1) << SLOT_SHIFT) | ((<u64>rights) << RIGHTS_SHIFT);
}

/** The info word a receiver gets. `slotPlusOne` is 0 where no capability came along. */
export function receivedInfo(bytes: u32, slotPlusOne: u32, badge: u32): u64 {
  return <u64>bytes | ((<u64>slotPlusOne) << SLOT_SHIFT) | ((<u64>badge) << BADGE_SHIFT);
}

export function infoBytes(info: u64): u32 {
  return <u32>(info & BYTES_MASK);
}

/** All of it but rights and badge: the number of bytes, if no capability travels; otherwise more than MESSAGE_BYTES_MAX. */
export function lowInfo(info: u64): u32 {
  return <u32>info & 0xff_ffff;
}

/** Slot + 1 of the capability that travels, 0 for none. */
export function infoSlotPlusOne(info: u64): u32 {
  return <u32>(info >> SLOT_SHIFT) & 0xff;
}

export function infoRights(info: u64): u32 {
  return <u32>(info >> RIGHTS_SHIFT) & 0xff;
}

export function infoBadge(info: u64): u32 {
  return <u32>(info >> BADGE_SHIFT);
}
