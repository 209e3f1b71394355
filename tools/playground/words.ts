// The words of ./nx playground, as command.ts has checked them.

/** The words of ./nx playground. */
export interface PlaygroundWords {
  /** A folder to make, instead of serving. True: the usual one. */
  build?: string | true;
  /** A file for a picture of it, by Chromium. */
  picture?: string;
  port: number;
  /** Open a browser. */
  open: boolean;
}
