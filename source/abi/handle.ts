/**
 * Capabilities as tasks see them: a slot in the task's own table, a kind, and rights that can only shrink.
 */

/** Slots in each task's table. */
export const SLOT_COUNT: u32 = 64;

export const enum Kind {
  Empty = 0,
  Task = 1,
  Endpoint = 2,
  Notification = 3,
  Vmo = 4,
  /** A page-aligned region of device registers. */
  Device = 5,
  Interrupt = 6,
  Console = 7,
  Power = 8,
  Info = 9,
  Audit = 10,
  Harts = 11,
  Job = 12,
}

/** What a capability allows. The kind decides which bits have a meaning. */
export const enum Right {
  None = 0,
  /** VMO and device: map readable. Info, audit: read. */
  Read = 1,
  /** VMO and device: map writable. Console: write. Audit: add records. */
  Write = 2,
  /** VMO: map executable. */
  Execute = 4,
  /** Endpoint: call. Notification: signal. */
  Send = 8,
  /** Endpoint: receive, and mint badges. Notification: wait, bind. */
  Receive = 16,
  /** Task: map, grant, start, kill. Interrupt: bind, complete. Device: pin memory for its DMA. Power: power off.
   *  Console: own it. Harts: stop and restart. Job: make tasks and jobs in it, end it. */
  Manage = 32,
  /** May travel with a message or be granted to another task. */
  Transfer = 64,
  /** Task: take its faults, and read and write its registers while it stands on one: so all that it may do itself. */
  Debug = 128,
  All = 255,
}
