/**
 * Why the kernel said no. A refusal goes back to the caller, which goes on; the causes that end a task are in task.ts
 * (`End`). The values are the negative statuses of a system call, and part of the ABI.
 */
export const enum Refusal {
  None = 0,
  /** There is no system call of that number. */
  BadCall = -1,
  /** The slot is out of range, empty, or its object is gone. */
  BadSlot = -2,
  /** The slot holds another kind of object. */
  WrongKind = -3,
  /** The capability lacks a right that the call needs. */
  MissingRight = -4,
  /** An argument is out of its range or not aligned. */
  BadArgument = -5,
  /** A user address is not mapped, or not with the access that is needed. */
  BadAddress = -6,
  /** A table of fixed size is full: slots, mappings, objects, pins. */
  TableFull = -7,
  /** No free memory of that size. */
  NoMemory = -8,
  /** The mapping would overlap another. */
  Overlap = -9,
  /** The deadline passed. */
  TimedOut = -10,
  /** The task that should have replied ended, or no task can receive at that endpoint any more. */
  PeerGone = -11,
  /** No task waits for this reply, or it waits no longer. */
  NotWaiting = -12,
  /** It is bound already. */
  AlreadyBound = -13,
  /** That hart is not online. */
  HartOffline = -14,
  /** The task is not in a state that allows this. */
  BadState = -15,
  /** No room at this moment; the same call may succeed a little later. */
  TryAgain = -16,
  /** The caller's job, or the one it names, has no more of what the call needs. */
  Quota = -17,
}
