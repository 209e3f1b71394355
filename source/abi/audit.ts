/**
 * The audit trail: what an administrator asks about afterwards. Each kind has AUDIT_RECORDS_MAX records of its own, so a flood
 * of one kind never pushes another out; and one task, or one client of a service, has at most AUDIT_RECORDS_A_TASK of a kind, so
 * it never pushes another's out. What a task does again is counted in the record that says so, with its latest time. The sequence
 * counts over all kinds, so they can be merged into one story; a gap means that records were overwritten or counted again.
 *
 * A task is named by its number and how many tasks had that number before it:
 *
 *   task   31 ───────── 8 7 ──── 0
 *         │ generation  │ number │
 */
export const AUDIT_RECORDS_MAX: u32 = 32;
export const AUDIT_RECORDS_A_TASK: u32 = 8;

export const enum Audit {
  /** By the kernel: words are hart (logical) and hart id (physical). */
  HartStarted = 0,
  HartStopped = 1,
  /** By the kernel: a hart reached its limit of IPIs; words are the hart it could not tell and how often so far. */
  IpiLimited = 2,
  /** By the kernel: a task used a capability for what it does not allow; words are the slot and the Refusal, negated. */
  CapabilityRefused = 3,
  /** By the kernel: words are the cause (`End`) and its detail. */
  TaskEnded = 4,
  /** By virtioblkd: a request was refused; words are client | method << 32, and the sector. */
  BlockRefused = 5,
  /** By nexus-init: a service was started again; words are the first eight bytes of its name and the attempt. */
  ServiceRestarted = 6,
  /**
   * By packagefsd: an image or a block did not verify; words are the reason, with AUDIT_READ_AGAIN if it was good when it
   * was read again, and the block.
   */
  ImageRefused = 7,
  /**
   * By virtioblkd: the device contradicted itself or kept silent; words are the fault (drivers/virtio/fault.ts) and its
   * resets so far. It was refused, reset or given up for it, except for an interrupt that was missing, which is only noted.
   */
  DeviceFault = 8,
  /**
   * By virtioblkd: a read went wrong; words are client | status (virtio_blk.capnp) << 32, with AUDIT_READ_AGAIN if the
   * client was not told, since the device was given the read once more, and the first sector.
   */
  ReadFailed = 9,
}
export const AUDIT_KIND_COUNT: u32 = 10;
/** The client in the first word of a record of BlockRefused or ReadFailed. */
export const AUDIT_CLIENT_MASK: u64 = 0xffff_ffff;
/** In the first word of a record about something that was read: what went wrong was made good by reading again. */
export const AUDIT_READ_AGAIN: u64 = 1 << 63;
/** The first kind that a service may write; those before are the kernel's own. */
export const AUDIT_FIRST_OF_SERVICES: u32 = 5;
