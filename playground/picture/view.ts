// The part of the axis that is seen, and how it is moved: zoom around a place, drag, follow the run's end, glide to a stretch.

import type { Axis } from "./axis.ts";

/** Clocks of a pixel: one instruction may be wide, and a whole run narrow. */
const SCALE_MIN = 0.05;
const SCALE_MAX = 4_000_000;

/** The part of the width that stays free to the right of a run's end. */
const FREE_PART = 0.06;

/** As long as a run has less than this on the axis, all of it is shown: 190 ms, somewhat more than a boot takes. */
const FIT_MAX = 60_000_000;
const FIT_MIN = 200_000;

/** How long a glide takes, in milliseconds. */
const GLIDE_MS = 380;

export class View {
  readonly axis: Axis;
  /** The place at the left edge, and clocks of a pixel. */
  from = 0;
  scale = 40_000;
  width = 1;
  /** It keeps the run's end in sight. */
  isFollowing = true;
  /** While it does, it shows all of a short run: until it is zoomed or moved. */
  private isFitting = true;
  private glide: { from: number; scale: number; toFrom: number; toScale: number; begin: number } | undefined;

  constructor(axis: Axis) {
    this.axis = axis;
  }

  x(clock: number): number {
    return (this.axis.place(clock) - this.from) / this.scale;
  }

  clock(x: number): number {
    return Math.max(0, this.axis.clock(this.from + x * this.scale));
  }

  /** Zooms by a factor around a pixel. */
  zoom(factor: number, x: number): void {
    this.glide = undefined;
    this.isFitting = false;
    const place = this.from + x * this.scale;
    this.scale = Math.min(SCALE_MAX, Math.max(SCALE_MIN, this.scale * factor));
    this.from = place - x * this.scale;
    if (factor < 1) {
      this.isFollowing = false;
    }
    this.bound();
  }

  /** Moves by pixels. */
  pan(pixels: number): void {
    this.glide = undefined;
    this.isFitting = false;
    this.isFollowing = false;
    this.from += pixels * this.scale;
    this.bound();
  }

  /** Glides to a stretch of the run. */
  show(begin: number, end: number, isStill = false): void {
    const from = this.axis.place(begin);
    const length = Math.max(1, this.axis.place(end) - from);
    const toScale = Math.min(SCALE_MAX, Math.max(SCALE_MIN, length / (this.width * 0.8)));
    const toFrom = from - this.width * 0.1 * toScale;
    this.isFollowing = false;
    this.isFitting = false;
    if (isStill) {
      this.from = toFrom;
      this.scale = toScale;
      this.glide = undefined;
      return;
    }
    this.glide = { from: this.from, scale: this.scale, toFrom, toScale, begin: performance.now() };
  }

  /** Brings a clock into sight without another scale. */
  reveal(clock: number): void {
    const x = this.x(clock);
    if (x < this.width * 0.04 || x > this.width * 0.96) {
      this.isFollowing = false;
      this.glide = undefined;
      this.from = this.axis.place(clock) - (this.width / 2) * this.scale;
      this.bound();
    }
  }

  /** Once a picture. True while something moves. */
  tick(end: number): boolean {
    if (this.isFollowing) {
      this.glide = undefined;
      const last = this.axis.place(end);
      if (this.isFitting && last < FIT_MAX) {
        this.scale = Math.max(last, FIT_MIN) / (this.width * (1 - FREE_PART));
      }
      this.from = Math.max(0, last - this.width * (1 - FREE_PART) * this.scale);
      return false;
    }
    const { glide } = this;
    if (glide === undefined) {
      return false;
    }
    const part = Math.min(1, (performance.now() - glide.begin) / GLIDE_MS);
    const eased = 1 - (1 - part) ** 3;
    // The scale goes by factors, so that near and far take the same time.
    this.scale = glide.scale * (glide.toScale / glide.scale) ** eased;
    this.from = glide.from + (glide.toFrom - glide.from) * eased;
    if (part === 1) {
      this.from = glide.toFrom;
      this.scale = glide.toScale;
      this.glide = undefined;
    }
    return part < 1;
  }

  private bound(): void {
    const last = this.axis.place(this.axis.end);
    const half = (this.width / 2) * this.scale;
    this.from = Math.min(Math.max(this.from, -half), Math.max(0, last - half * 0.5));
  }
}
