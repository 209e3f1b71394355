/**
 * What `Syscall.Information` tells the holder of an Info capability: `topic` and `index` in, up to six words out.
 */
export const enum Topic {
  /**
   * a1 harts online, a2 harts that the device tree enables, a3 timebase in Hz, a4 RAM in bytes, a5 free RAM in bytes,
   * a6 bit per hart that is online.
   */
  System = 0,
  /**
   * index = hart: a1 hart id (physical), a2 ticks, a3 IPIs sent, a4 IPIs received, a5 context switches, a6 tasks
   * stolen.
   */
  Hart = 1,
  /** index = sending hart: a1–a4 IPIs taken by hart 0–3 from it. */
  IpiRow = 2,
  /** a1, a2: the sixteen bytes of the host's random number, in memory order. Zeros where the host gave none. */
  Nonce = 3,
  /** index = hart: a1 IPIs left to the tick by the rate limit, a2 IPIs spared by coalescing, a3 times idle. */
  HartLimits = 4,
  /**
   * index = task: a1 `TaskState` | `Class` << 8 | `Wait` << 16 | hart << 24 | generation << 32, a2 and a3 name, a4
   * `End`, a5 its exit code (only a holder of the task learns more about a fault: Syscall.TaskStatus), a6 times it ran.
   */
  Task = 5,
  /** index = interrupt source: a1 1 if bound, a2 hart, a3 times it came, a4 1 if it waits for completion, a5 task. */
  Interrupt = 6,
  /**
   * a1 SBI version, a2 firmware, a3 its version, a4 extensions (bit per `SbiExtension`), a5 1 for Sstc, a6 1 for SSWI.
   */
  Firmware = 7,
}

/** Bits of what the firmware offers. */
export const enum SbiExtension {
  Time = 1,
  Ipi = 2,
  Rfence = 4,
  Hsm = 8,
  Srst = 16,
  Dbcn = 32,
}
