// What the picture is made of: rows of numbers, in the order of the clock. The worker makes them of the machine's trace and of
// the kernel's state at that moment; the page keeps them by track (picture/model.ts).
//
//     kind │ hart │ clock │ a │ b │ c
//
// Clocks are instructions of all harts with skipped time, and fit a number: 2^53 of them are months of the guest's time.

/** What a row says. */
export const Row = {
  /** The hart is in mode `a` (a `Doing`) from here on, for the task with identity `b`, or NO_TASK. */
  Doing: 0,
  /** A trap: `a` is its cause (interrupts from INTERRUPT_BASE on), `b` where it came from, `c` the number of a system call. */
  Trap: 1,
  /** The hart sends an interrupt to hart `a`. */
  Send: 2,
  /** The hart takes the interrupt that hart `a` sent at clock `b`. */
  Take: 3,
  /** The timer of the hart has come to its end. */
  Tick: 4,
  /** The disk takes request `a`. */
  Request: 5,
  /** The disk answers request `a`: sector `b`, and `c` is its status times STATUS_FACTOR plus the bytes of data. */
  Answer: 6,
  /** `a` tasks wait in the hart's run queue. */
  Queue: 7,
} as const;

/** Numbers of a row, and where the clock is among them. */
export const ROW_NUMBERS = 6;
export const CLOCK = 2;

/** What a hart does. */
export const Doing = { Off: 0, User: 1, Kernel: 2, Idle: 3 } as const;

/** No task: a hart that picks one, or idles. */
export const NO_TASK = -1;

export const INTERRUPT_BASE = 1000;
export const STATUS_FACTOR = 2 ** 24;

/** Clock counts of a second: 32 instructions are a tick of 100 ns. */
export const CLOCKS_A_SECOND = 320_000_000;
