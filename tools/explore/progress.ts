// A progress bar: how many seeds are done, how fast, and how many failed. On a terminal it stays in one line; elsewhere
// a line is printed for every tenth of the seeds, or of the time that was given.

import { paintFor } from "../../host/report.ts";

const WIDTH = 30;
export const MINUTE_MS = 60_000;

export class Bar {
  private readonly stream: NodeJS.WriteStream;
  private readonly total: number;
  /** How long it is to take, whatever is done by then; undefined: until all are done. */
  private readonly milliseconds: number | undefined;
  private readonly begin = performance.now();
  private tenths = 0;
  private line = "";

  constructor(stream: NodeJS.WriteStream, total: number, milliseconds?: number) {
    this.stream = stream;
    this.total = total;
    this.milliseconds = milliseconds;
  }

  /** Shows the progress. */
  show(done: number, failed: number): void {
    const passed = performance.now() - this.begin;
    const ofSeeds = this.total === 0 ? 1 : done / this.total;
    const share = this.milliseconds === undefined ? ofSeeds : Math.min(1, passed / this.milliseconds);
    const rate = Math.round((done * MINUTE_MS) / Math.max(1, passed));
    const paint = paintFor(this.stream);
    const full = Math.round(share * WIDTH);
    const bar = `[${"#".repeat(full)}${"-".repeat(WIDTH - full)}]`;
    const bad = failed === 0 ? "none failed" : paint.bad(`${failed} failed`);
    const count = this.milliseconds === undefined ? `${done}/${this.total}` : `${done} seeds`;
    this.line = `${bar} ${count}  ${rate} a minute  ${bad}`;
    if (this.stream.isTTY) {
      this.stream.write(`\r\x1b[K${this.line}`);
    } else if (Math.floor(share * 10) > this.tenths) {
      this.tenths = Math.floor(share * 10);
      this.stream.write(`${this.line}\n`);
    }
  }

  /** Prints a text above the bar. */
  tell(text: string): void {
    this.stream.write(this.stream.isTTY ? `\r\x1b[K${text}\n${this.line}` : `${text}\n`);
  }

  /** Removes the bar. */
  end(): void {
    if (this.stream.isTTY) {
      this.stream.write("\r\x1b[K");
    }
  }
}
