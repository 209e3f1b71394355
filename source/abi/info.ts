/**
 * What `Syscall.Information` tells to a holder of an Info capability: `topic` and `index` in, up to six words out.
 */
export const enum Topic {
  /** a1 harts online, a2 harts that the device tree enables, a3 timebase in Hz, a4 RAM in bytes, a5 free RAM in bytes. */
  System = 0,
  /** index = hart: a1 hart id (physical), a2 ticks, a3 IPIs sent, a4 IPIs received, a5 context switches, a6 tasks stolen. */
  Hart = 1,
  /** index = sending hart: a1–a4 IPIs taken by hart 0–3 from it. */
  IpiRow = 2,
  /** a1, a2: the sixteen bytes of the host's random number, in memory order. Zeros where the host gave none. */
  Nonce = 3,
  /** index = hart: a1 IPIs left to the tick by the rate limit, a2 IPIs spared by coalescing, a3 times idle. */
  HartLimits = 4,
}
