// All that one picture is painted from.

import type { Colours } from "./colours.ts";
import type { Lanes } from "./lanes.ts";
import type { Model } from "./model.ts";
import type { View } from "./view.ts";

export interface Scene {
  context: CanvasRenderingContext2D;
  model: Model;
  view: View;
  lanes: Lanes;
  colours: Colours;
  /** Where the run stands, and as far as it went. */
  clock: number;
  end: number;
  /** The hart whose registers are shown. */
  hart: number;
  /** The pixel under the pointer, if there is one. */
  pointer: { x: number; y: number } | undefined;
  /** What a tour points at: harts, the disk, or nothing. */
  lit: { from: number; to: number } | undefined;
}

/** Pixels from the left edge of the canvas to the left edge of the lanes. */
export function left({ lanes }: Scene): number {
  return lanes.labels;
}

/** The pixel of a clock on the canvas. */
export function xOf({ lanes, view }: Scene, clock: number): number {
  return lanes.labels + view.x(clock);
}

export function fill(
  { context }: Scene,
  colour: string,
  alpha: number,
  box: readonly [number, number, number, number],
): void {
  context.globalAlpha = alpha;
  context.fillStyle = colour;
  context.fillRect(...box);
  context.globalAlpha = 1;
}
