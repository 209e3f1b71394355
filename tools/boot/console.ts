// The console as lines: bytes come in pieces of any size, lines go out whole.
//
// The one idea: the guest cannot use up our memory. A line that never ends is cut at a limit, and only the
// last lines are kept. Firmware ends lines with CR LF, the kernel with LF: both are removed.

/** A longer line is handed on in pieces of this size, in bytes. */
export const LINE_BYTES_MAX = 4096;

/** The panic line, its backtrace and the lines around it fit well into this many. */
export const LAST_LINES_KEPT = 40;

export class ConsoleLines {
  private readonly onLine: (line: string) => void;
  private readonly last: string[] = [];
  private pending: number[] = [];
  private count = 0;

  constructor(onLine: (line: string) => void) {
    this.onLine = onLine;
  }

  /** How many lines were handed on. */
  get lineCount(): number {
    return this.count;
  }

  /** The last lines, oldest first. */
  get lastLines(): string[] {
    return [...this.last];
  }

  /** Takes the bytes that arrived. */
  feed(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === 0x0a || this.pending.length >= LINE_BYTES_MAX) {
        this.flush();
      }
      if (byte !== 0x0a) {
        this.pending.push(byte);
      }
    }
  }

  /** The machine has ended: the rest is a line too. */
  end(): void {
    if (this.pending.length > 0) {
      this.flush();
    }
  }

  private flush(): void {
    const line = new TextDecoder().decode(Uint8Array.from(this.pending)).replace(/\r+$/, "");
    this.pending = [];
    this.count += 1;
    this.last.push(line);
    if (this.last.length > LAST_LINES_KEPT) {
      this.last.shift();
    }
    this.onLine(line);
  }
}
