/**
 * The audit trail: what an administrator asks about afterwards. Each kind has AUDIT_RECORDS_MAX records of its own, so
 * a flood of one kind never pushes out records of another. One task, or one client of a service, has at most
 * AUDIT_RECORDS_A_TASK records of a kind, so by itself it never pushes out the records of others. If a task does the
 * same thing again, its record counts that and keeps the latest time. The sequence counts over all kinds, so a reader
 * can merge them into one story. A gap in it means that records were overwritten or counted again.
 *
 * A record names a task by its number and by how many tasks had that number before it:
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
  /**
   * By the kernel: a hart reached its limit of IPIs; words are the hart that it could not interrupt and how often so
   * far.
   */
  IpiLimited = 2,
  /**
   * By the kernel: a task used a capability for what it does not allow; words are the slot and the Refusal, negated.
   */
  CapabilityRefused = 3,
  /** By the kernel: words are the cause (`End`) and its detail. */
  TaskEnded = 4,
  /** By the kernel: a task's job had no more of something; words are the `Resource` and the job's number. */
  QuotaRefused = 5,
  /** By virtioblkd: a request was refused; words are client | method << 32, and the sector. */
  BlockRefused = 6,
  /** By nexus-init: a service was started again; words are the first eight bytes of its name and the attempt. */
  ServiceRestarted = 7,
  /**
   * By packagefsd: an image or a block did not verify; words are the reason, with AUDIT_READ_AGAIN if it was good when
   * it was read again, and the block.
   */
  ImageRefused = 8,
  /**
   * By virtioblkd: the device contradicted itself or kept silent; words are the fault (drivers/virtio/fault.ts) and the
   * device's resets so far. The driver refused the device, reset it or gave it up. A missing interrupt is only
   * recorded.
   */
  DeviceFault = 9,
  /**
   * By virtioblkd: a read went wrong; words are client | status (virtio_blk.capnp) << 32, with AUDIT_READ_AGAIN if
   * virtioblkd gave the read to the device once more instead of telling the client, and the first sector.
   */
  ReadFailed = 10,
}
export const AUDIT_KIND_COUNT: u32 = 11;
/** The client in the first word of a record of BlockRefused or ReadFailed. */
export const AUDIT_CLIENT_MASK: u64 = 0xffff_ffff;
/** In the first word of a record about a read: a second read made good what went wrong. */
export const AUDIT_READ_AGAIN: u64 = 1 << 63;
/** The first kind that a service may write; those before are the kernel's own. */
export const AUDIT_FIRST_OF_SERVICES: u32 = 6;
