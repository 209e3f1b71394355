/**
 * The system calls: number, arguments, results.
 *
 * A system call is a call: `a7` holds the number, `a0`–`a6` the arguments. The kernel keeps `ra`, `sp`, `gp`, `tp`
 * and `s0`–`s11`; `a0` comes back as the status (a `Refusal` when negative), `a1`–`a6` as the results that the call
 * has, and otherwise as they were. The temporaries `t0`–`t6` come back as zero, so nothing of the kernel leaks.
 *
 * "slot" is an index into the caller's own capability table. `NO_SLOT` names nothing; where a task is asked for,
 * `SELF` names the caller. A deadline is an absolute time in timebase ticks; `FOREVER` never comes.
 */
export const enum Syscall {
  // Scheduling and time
  /** yield(): lets another runnable task of the same class go first. */
  Yield = 0,
  /** yieldTo(hart): a hint to continue on that hart. Refusal.HartOffline unless that hart is online. */
  YieldTo = 1,
  /** sleepUntil(deadline). */
  Sleep = 2,
  /** now() → a1 time in ticks, a2 the hart that answered. */
  Now = 3,
  /** exit(code): ends the caller. */
  Exit = 4,

  // Messages: see message.ts for `info`
  /** call(endpoint, info, w0, w1, w2, w3, deadline) → a1 info, a2–a5 words: sends, then waits for the reply. */
  Call = 5,
  /** receive(endpoint, deadline) → status 0: a1 info, a2–a5 words, a6 reply token; status `NOTIFIED`: a2 bits. */
  Receive = 6,
  /** reply(token, info, w0, w1, w2, w3): answers the task that waits on that token. */
  Reply = 7,
  /** replyReceive(endpoint, info, w0, w1, w2, w3, token) → as Receive: answers, then waits for the next. */
  ReplyReceive = 8,
  /** signal(notification, bits). */
  Signal = 9,
  /** wait(notification, deadline) → a1 bits (taken). */
  Wait = 10,
  /** bind(notification): from now on Receive also ends when this notification is signalled. */
  Bind = 11,

  // Capabilities
  /** create(kind) → a1 slot: an endpoint or a notification, with all rights. */
  Create = 12,
  /**
   * copy(slot, rights, badge) → a1 slot: rights shrink. A badge other than 0 needs Right.Receive: on an endpoint it
   * comes with every message; on a notification it names the bits that may be signalled. On the console it needs
   * Right.Manage, and is printed before all that is written with the copy (CONSOLE_FRAME_MARK).
   */
  Copy = 13,
  /** drop(slot). */
  Drop = 14,
  /** grant(task, slot, rights, badge, slotThere): puts a copy into a task that was not started yet. */
  Grant = 15,

  // Memory
  /** createVmo(bytes, job) → a1 slot: zeroed pages, charged to `job` (Right.Manage), or with SELF to the caller's. */
  CreateVmo = 16,
  /** map(task, vmo, address, offset, bytes, rights). */
  Map = 17,
  /** unmap(task, address): the whole mapping that begins there. */
  Unmap = 18,
  /** vmoSize(vmo) → a1 bytes, a2 how many capabilities, mappings and pins there are to it. */
  VmoSize = 19,

  // Tasks
  /**
   * createTask(class, notification, bits, job) → a1 slot. The task belongs to the job in slot `job` (Right.Manage), or
   * with SELF to the caller's. The task ends with the caller, no matter which tasks hold capabilities to it. The kernel signals the notification when the task and all that it made have ended.
   */
  CreateTask = 20,
  /** nameTask(task, eight bytes of name, eight more). */
  NameTask = 21,
  /** startTask(task, entry, stack pointer). */
  StartTask = 22,
  /** taskStatus(task) → a1 state (`TaskState`), a2 cause (`End`), a3 exit code or faulting address. */
  TaskStatus = 23,
  /**
   * killTask(task): at once if it waits or is in a run queue, at its next trap if it runs. The tasks that it made end
   * with it.
   */
  KillTask = 24,

  // Devices
  /**
   * mapDevice(device, address): the region's registers, never executable. Those of a virtio device only to read: it would
   * follow each address that stands in them. WriteRegister writes the others.
   */
  MapDevice = 25,
  /** bindInterrupt(interrupt, notification, bits): from now on it signals these bits; the source is enabled. */
  BindInterrupt = 26,
  /**
   * completeInterrupt(interrupt, bits): the next one may come. At a virtio device, these bits of its InterruptStatus are
   * acknowledged before; at any other, the caller did so.
   */
  CompleteInterrupt = 27,
  /**
   * pin(device, vmo, offset, bytes) → a1 its number, by which Offer names it: the memory stays until `unpin`, or until the
   * device's `unpinAll`. A device has DEVICE_PINS_MAX of them (virtio.ts).
   */
  Pin = 28,
  /** unpinAll(device): after its reset. Refusal.BadState unless its Status says 0. */
  UnpinAll = 29,

  // The system
  /** consoleWrite(console, address, bytes): in a frame, if the capability has a badge (CONSOLE_FRAME_MARK). */
  ConsoleWrite = 30,
  /** information(slot, topic, index) → a1–a6: see info.ts. */
  Information = 31,
  /** powerOff(power). */
  PowerOff = 32,
  /**
   * consoleOwn(console, notification, bits): until the caller ends, the kernel keeps all printed text for it and
   * signals the bits when there is some. The caller owns the UART.
   */
  ConsoleOwn = 33,
  /**
   * consoleRead(console) → a1 bytes, now in the message page: printed text that the kernel kept, and now keeps no
   * longer.
   */
  ConsoleRead = 34,

  // Audit
  /**
   * auditRead(audit, kind, after) → the oldest record with a sequence above `after`: a1 sequence (0: there is none), a2
   * time, a3 hart | times << 32, a4 task, a5, a6 the two words.
   */
  AuditRead = 35,
  /** auditWrite(audit, kind, word, word): a service records what it refused or did. */
  AuditWrite = 36,

  // Harts
  /** stopHart(harts, hart): its tasks go on elsewhere. Never the last one. */
  StopHart = 37,
  /** restartHart(harts, hart). */
  RestartHart = 38,

  /**
   * unpin(device, number, taken): Refusal.BadState while the device has a chain that names it. `taken` as in the order of
   * an Offer.
   */
  Unpin = 39,

  // Jobs
  /**
   * createJob(job, pages, objects, rest, eight bytes of name, eight more) → a1 slot: a job with these limits, packed as
   * `Amounts` (job.ts) packs them. They are charged to `job` (Right.Manage), or with SELF to the caller's job.
   * Refusal.BadState if there are JOB_DEPTH_MAX between the first job and the new one.
   */
  CreateJob = 40,
  /**
   * endJob(job): ends its tasks and the jobs made from it, as KillTask does. From then on nothing can be charged to
   * them, and everything that they give back goes to the job from which they were made.
   */
  EndJob = 41,
  /**
   * setJobTime(job, budget, period): how much time its tasks may use in each period, in microseconds; 0 and 0 for no
   * limit. `job` (Right.Manage) must have been made from the caller's job, itself or through others.
   */
  SetJobTime = 42,

  // Messages
  /**
   * replyReceiveUntil(endpoint, info, w0, w1, deadline, 0, token) → as Receive: ReplyReceive with a deadline in place of
   * two words, which the caller gets as 0. Without results, a4 and a5 come back as 0.
   */
  ReplyReceiveUntil = 43,

  // Capabilities
  /**
   * lend(slot, rights, badge) → a1 slot: as Copy, and what is copied from the new slot can be taken back. Refusal.BadState
   * if too many lent to each other on the way here (8).
   */
  Lend = 44,
  /**
   * revoke(slot): takes back each copy of a slot that lends, the copies of those, and what was mapped by them, from every
   * task, before it returns. The slot stays, and lends anew. `drop` of it, and the end of its task, do the same. Who waits
   * at what is taken is told Refusal.BadSlot. Memory that a device was told of stays pinned.
   */
  Revoke = 45,

  // Debugging: see debug.ts for the registers
  /**
   * takeFaults(task, notification, bits): from now on a fault of the task, which would end it, stops it and signals these
   * bits. One task at a time has the faults of another. With NO_SLOT for the notification they are the task's own again: if
   * it stands on one, it ends. So it is when the caller ends, or gives up its last capability with Right.Debug to the task.
   * Refusal.BadArgument if the task has the caller's faults, or those of who has them, and so on. A task that faults in the
   * middle of a call, between two of its turns, ends as before.
   */
  TakeFaults = 46,
  /**
   * readRegisters(task) → a1 why it stands (`End`), a2 the faulting address or instruction; the registers are in the message
   * page. Refusal.BadState unless the task stands on a fault that the caller took.
   */
  ReadRegisters = 47,
  /** writeRegisters(task): from the message page, all of them. Otherwise as readRegisters. */
  WriteRegisters = 48,
  /** resumeTask(task): it goes on where its registers say. Otherwise as readRegisters. */
  ResumeTask = 49,

  // Virtio devices: see virtio.ts for the registers and pieces
  /**
   * writeRegister(device, register, value): DeviceFeaturesSel, DriverFeatures (both halves at once; features of the device's
   * kind, and VERSION_1), QueueSel (0), Status. Refusal.BadArgument for any other register or value.
   */
  WriteRegister = 50,
  /**
   * setUpQueue(device, size, address): the kernel makes an empty ring for queue 0, charges it to the caller's job and tells
   * the device of it. The used ring is mapped at `address`, to read. Refusal.BadState for a device that has a ring, or whose
   * Status says 0. The ring goes when the device was reset.
   */
  SetUpQueue = 51,
  /**
   * offer(device, order, up to five pieces) → status: the number of the chain's first descriptor, which comes back in the used
   * ring. Each piece lies in a pin of the device. `order`: how many answers the caller has taken from the used ring, as a
   * number of 16 bits, whose descriptors are free again; and OFFER_TELLS, unless the device is to learn of the chain later, by
   * an Offer with that and no pieces. Refusal.TableFull without free descriptors; Refusal.BadState if there is no ring, or an
   * answer in it that cannot be true.
   */
  Offer = 52,
}

export const SYSCALL_COUNT: u32 = 53;

/** Names the calling task where a task slot is asked for, and its job where a job is. */
export const SELF: u32 = 0xffff;
/** Names no slot. */
export const NO_SLOT: u32 = 0xfffe;
/** A deadline that never comes. */
export const FOREVER: u64 = 0xffff_ffff_ffff_ffff;
/** Status of a Receive that ended because the bound notification was signalled. */
export const NOTIFIED: i32 = 1;
/** The most bytes one ConsoleWrite takes: one line. */
export const CONSOLE_WRITE_MAX: u32 = 256;
/**
 * What is written with a badge is printed whole, behind a frame's head. So one who knows the badge can tell the writer's
 * bytes from all others on the console. A badge that no other task can guess cannot be imitated.
 *
 *   0       1                     9                        12
 *   │ mark  │ badge, 8 hex digits │ bytes, 3 hex digits    │ the bytes as they were written
 */
export const CONSOLE_FRAME_MARK: u32 = 0x0e;
export const CONSOLE_BADGE_DIGITS: u32 = 8;
export const CONSOLE_LENGTH_DIGITS: u32 = 3;
export const CONSOLE_HEAD_BYTES: u32 = 12;
