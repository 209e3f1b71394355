// The words of ./nx replay, after they are checked.

export interface ReplayWords {
  /** An instruction count, `panic`, or a part of a console line. */
  stopAt?: string;
  /** Whether hot code is translated. */
  translation: boolean;
  json?: true;
  gdb?: number;
  /** A file for the events: lines, or Chrome's format if its name ends in .json. */
  trace?: string;
}
