/**
 * The exit codes of the system's own programs, and what each means. There is one list for all, so a code has one name
 * wherever it is printed. Other programs choose their own codes, which have no name here.
 */
export const enum ExitCode {
  Done = 0,
  /** The lines that it printed say what went wrong. */
  Failed = 1,
  /** It was asked for something that it does not know. */
  Unknown = 2,

  // Services (docs/architecture/09-nexus-init.md)
  /** There is a disk, and its first block could not be read. */
  FirstBlockUnread = 64,
  /** There is a disk, and the driver refused it. */
  DiskRefused = 65,
  /** No package image could be mounted. */
  NotMounted = 66,
  /** The UART could not be taken over. */
  UartRefused = 67,
  /** There is nothing to receive on any more, or no interrupt to wait for. */
  CannotServe = 68,
  /** nexus-init was asked to end itself. */
  AskedToEnd = 69,

  /** An assertion failed: the program itself is wrong. */
  AssertionFailed = 134,
}

/** The name of a code. */
export function exitName(code: u32): string {
  switch (code) {
    case ExitCode.Done:
      return "Done";
    case ExitCode.Failed:
      return "Failed";
    case ExitCode.Unknown:
      return "Unknown";
    case ExitCode.FirstBlockUnread:
      return "FirstBlockUnread";
    case ExitCode.DiskRefused:
      return "DiskRefused";
    case ExitCode.NotMounted:
      return "NotMounted";
    case ExitCode.UartRefused:
      return "UartRefused";
    case ExitCode.CannotServe:
      return "CannotServe";
    case ExitCode.AskedToEnd:
      return "AskedToEnd";
    case ExitCode.AssertionFailed:
      return "AssertionFailed";
    default:
      return "its own";
  }
}
