// A growing list of rows with a clock, in its order: one number for the clock and a few more for each.

const ROWS_START = 256;

export class Track {
  private numbers: Float64Array;
  private readonly width: number;
  private count = 0;

  /** @param fields numbers beside the clock */
  constructor(fields: number) {
    this.width = fields + 1;
    this.numbers = new Float64Array(ROWS_START * this.width);
  }

  get length(): number {
    return this.count;
  }

  push(clock: number, ...fields: number[]): void {
    const at = this.count * this.width;
    if (at === this.numbers.length) {
      const larger = new Float64Array(this.numbers.length * 2);
      larger.set(this.numbers);
      this.numbers = larger;
    }
    this.numbers[at] = clock;
    for (let index = 0; index + 1 < this.width; index += 1) {
      this.numbers[at + 1 + index] = fields[index] ?? 0;
    }
    this.count += 1;
  }

  clock(row: number): number {
    return this.numbers[row * this.width] ?? 0;
  }

  /** Field `index` of a row, counted from 0 behind the clock. */
  field(row: number, index: number): number {
    return this.numbers[row * this.width + 1 + index] ?? 0;
  }

  setField(row: number, index: number, value: number): void {
    this.numbers[row * this.width + 1 + index] = value;
  }

  /** The last row at or before a clock, or -1. */
  at(clock: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.clock(middle) <= clock) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - 1;
  }

  /** Drops what comes after a clock. */
  truncate(clock: number): void {
    this.count = this.at(clock) + 1;
  }

  /** Drops what ended before a clock; the row that holds at it stays. */
  dropBefore(clock: number): void {
    const first = Math.max(0, this.at(clock));
    if (first === 0) {
      return;
    }
    this.numbers.copyWithin(0, first * this.width, this.count * this.width);
    this.count -= first;
  }
}
