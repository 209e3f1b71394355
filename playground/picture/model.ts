// What is known of a run, by track: what each hart does, its traps and ticks, its run queue, the interrupts between harts, the
// disk's requests, and the stretches in which every hart waits. It grows with the rows that the worker makes, and both sides
// keep one. Its size is bounded: when there is too much, the older half is dropped.

import { Doing, NO_TASK, ROW_NUMBERS, Row, STATUS_FACTOR } from "../protocol/rows.ts";
import { Track } from "./track.ts";

/** Rows that are kept, of all tracks together. */
const ROWS_MAX = 600_000;

/** A wait of all harts is folded if it lasts at least so many clocks: 10 µs. */
export const FOLD_MIN = 3_200;

/** Fields of the tracks. */
export const DOING = 0;
export const TASK = 1;
export const CAUSE = 0;
export const PLACE = 1;
export const CALL = 2;
export const LENGTH = 0;
export const FROM = 0;
export const TO = 1;
export const TAKEN_AT = 2;
export const NUMBER = 0;
export const ANSWERED_AT = 1;
export const SECTOR = 2;
export const BYTES = 3;
export const STATUS = 4;
export const FOLD_END = 0;

/** What stands in a field for an end that has not come. */
export const NEVER = Number.POSITIVE_INFINITY;

export interface HartTracks {
  /** What the hart does from a clock on: DOING, TASK. */
  doing: Track;
  /** CAUSE, PLACE, CALL. */
  traps: Track;
  ticks: Track;
  /** LENGTH. */
  queue: Track;
}

export class Model {
  readonly harts: readonly HartTracks[];
  /** By the clock at which they were sent: FROM, TO, TAKEN_AT. */
  readonly sends = new Track(3);
  /** By the clock at which the disk took them: NUMBER, ANSWERED_AT, SECTOR, BYTES, STATUS. */
  readonly requests = new Track(5);
  /** Stretches in which every hart waits: FOLD_END, which is NEVER for the one that still lasts. */
  readonly folds = new Track(1);
  readonly names = new Map<number, string>();
  /** What came before this clock was dropped. */
  start = 0;
  /** Another number whenever something that was known is void. */
  version = 0;
  private busy: boolean[];
  private idleSince: number | undefined;

  constructor(harts: number) {
    this.harts = Array.from({ length: harts }, () => ({
      doing: new Track(2),
      traps: new Track(3),
      ticks: new Track(0),
      queue: new Track(1),
    }));
    this.busy = this.harts.map(() => false);
  }

  /** Takes new rows, and the names of tasks that are new in them. */
  add(rows: Float64Array, names: readonly (readonly [number, string])[]): void {
    for (const [identity, name] of names) {
      this.names.set(identity, name);
    }
    for (let at = 0; at + ROW_NUMBERS <= rows.length; at += ROW_NUMBERS) {
      const [kind = -1, hart = 0, clock = 0, a = 0, b = 0, c = 0] = rows.subarray(at, at + ROW_NUMBERS);
      this.addRow(kind, hart, clock, [a, b, c]);
    }
    if (this.size() > ROWS_MAX) {
      this.dropHalf();
    }
  }

  /** What a hart does at a clock, for which task, and how many wait in its queue. */
  stateAt(hart: number, clock: number): { doing: number; task: number; queue: number } {
    const tracks = this.harts[hart];
    const row = tracks?.doing.at(clock) ?? -1;
    const queued = tracks?.queue.at(clock) ?? -1;
    return {
      doing: row < 0 ? Doing.Off : (tracks?.doing.field(row, DOING) ?? Doing.Off),
      task: row < 0 ? NO_TASK : (tracks?.doing.field(row, TASK) ?? NO_TASK),
      queue: queued < 0 ? 0 : (tracks?.queue.field(queued, LENGTH) ?? 0),
    };
  }

  /** The interrupts that are under way to a hart at a clock: sender, and when it sent. */
  underWayTo(hart: number, clock: number): Map<number, number> {
    const found = new Map<number, number>();
    for (let row = 0; row <= this.sends.at(clock); row += 1) {
      if (this.sends.field(row, TO) === hart && this.sends.field(row, TAKEN_AT) > clock) {
        found.set(this.sends.field(row, FROM), this.sends.clock(row));
      }
    }
    return found;
  }

  /** Forgets what comes after a clock: another run begins there. */
  truncate(clock: number): void {
    this.version += 1;
    for (const { doing, traps, ticks, queue } of this.harts) {
      for (const track of [doing, traps, ticks, queue]) {
        track.truncate(clock);
      }
    }
    for (const [track, end] of [
      [this.sends, TAKEN_AT],
      [this.requests, ANSWERED_AT],
      [this.folds, FOLD_END],
    ] as const) {
      track.truncate(clock);
      for (let row = 0; row < track.length; row += 1) {
        if (track.field(row, end) > clock) {
          track.setField(row, end, NEVER);
        }
      }
    }
    this.busy = this.harts.map((_, hart) => isBusy(this.stateAt(hart, clock).doing));
    this.idleSince = this.busy.includes(true) ? undefined : this.lastChange();
    this.closeOpenFold(clock);
  }

  private addRow(
    kind: number,
    hart: number,
    clock: number,
    [a, b, c]: readonly [number, number, number],
  ): void {
    const tracks = this.harts[hart];
    if (tracks === undefined) {
      return;
    }
    switch (kind) {
      case Row.Doing:
        tracks.doing.push(clock, a, b);
        this.noteBusy(hart, clock, isBusy(a));
        break;
      case Row.Trap:
        tracks.traps.push(clock, a, b, c);
        break;
      case Row.Tick:
        tracks.ticks.push(clock);
        break;
      case Row.Queue:
        tracks.queue.push(clock, a);
        break;
      case Row.Send:
        this.sends.push(clock, hart, a, NEVER);
        break;
      case Row.Take:
        this.endOf(
          this.sends,
          b,
          (row) => this.sends.field(row, FROM) === a && this.sends.field(row, TO) === hart,
          [[TAKEN_AT, clock]],
        );
        break;
      case Row.Request:
        this.requests.push(clock, a, NEVER, 0, 0, 0);
        break;
      case Row.Answer:
        this.endOf(this.requests, 0, (row) => this.requests.field(row, NUMBER) === a, [
          [ANSWERED_AT, clock],
          [SECTOR, b],
          [BYTES, c % STATUS_FACTOR],
          [STATUS, Math.floor(c / STATUS_FACTOR)],
        ]);
        break;
      default:
        break;
    }
  }

  /** Fills in the end of the row that matches, at or after a clock. */
  private endOf(
    track: Track,
    since: number,
    matches: (row: number) => boolean,
    fields: readonly (readonly [number, number])[],
  ): void {
    for (let row = track.length - 1; row >= 0 && track.clock(row) >= since; row -= 1) {
      if (!matches(row)) {
        continue;
      }
      for (const [index, value] of fields) {
        track.setField(row, index, value);
      }
      return;
    }
  }

  private noteBusy(hart: number, clock: number, busy: boolean): void {
    const wasBusy = this.busy.includes(true);
    this.busy[hart] = busy;
    const isBusyNow = this.busy.includes(true);
    if (wasBusy && !isBusyNow) {
      this.idleSince = clock;
    } else if (!wasBusy && isBusyNow && this.idleSince !== undefined) {
      if (clock - this.idleSince >= FOLD_MIN) {
        this.folds.push(this.idleSince, clock);
      }
      this.idleSince = undefined;
    }
  }

  /** Since when every hart waits, if they do now. */
  get restsSince(): number | undefined {
    return this.idleSince;
  }

  private closeOpenFold(clock: number): void {
    const last = this.folds.length - 1;
    if (last >= 0 && this.folds.field(last, FOLD_END) > clock) {
      this.idleSince = this.folds.clock(last);
      this.folds.truncate(this.folds.clock(last) - 1);
    }
  }

  private lastChange(): number {
    return Math.max(0, ...this.harts.map(({ doing }) => doing.clock(doing.length - 1)));
  }

  private size(): number {
    return this.harts.reduce(
      (sum, { doing, traps, ticks, queue }) =>
        sum + doing.length + traps.length + ticks.length + queue.length,
      this.sends.length + this.requests.length + this.folds.length,
    );
  }

  private dropHalf(): void {
    this.version += 1;
    const doing = this.harts.map((tracks) => tracks.doing).sort((one, other) => other.length - one.length)[0];
    const cut = doing?.clock(doing.length >>> 1) ?? 0;
    for (const tracks of this.harts) {
      for (const track of [tracks.doing, tracks.traps, tracks.ticks, tracks.queue]) {
        track.dropBefore(cut);
      }
    }
    this.sends.dropBefore(cut);
    this.requests.dropBefore(cut);
    this.folds.dropBefore(cut);
    this.start = cut;
  }
}

function isBusy(doing: number): boolean {
  return doing === Doing.User || doing === Doing.Kernel;
}
