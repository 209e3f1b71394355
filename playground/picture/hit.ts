// What is under the pointer: a request, an arrow, a mark, or a stretch of a hart's bar. Each has a clock to go to, and words.

import { Doing, NO_TASK } from "../protocol/rows.ts";
import {
  ANSWERED_AT,
  BYTES,
  CALL,
  CAUSE,
  DOING,
  FROM,
  NEVER,
  NUMBER,
  PLACE,
  SECTOR,
  STATUS,
  TAKEN_AT,
  TASK,
  TO,
} from "./model.ts";
import type { PaintedArrow, PaintedRequest } from "./paint-links.ts";
import { left, type Scene, xOf } from "./scene.ts";
import { bytesText, doingText, durationText, momentText, trapText } from "./words.ts";

export interface Hit {
  /** The moment that a click opens. */
  clock: number;
  hart: number | undefined;
  /** The first line names it, the others say more. */
  lines: string[];
}

const NEAR = 6;

export function hitAt(
  scene: Scene,
  x: number,
  y: number,
  painted: { arrows: readonly PaintedArrow[]; requests: readonly PaintedRequest[] },
): Hit | undefined {
  if (x < left(scene)) {
    return undefined;
  }
  return (
    requestAt(scene, x, y, painted.requests) ?? arrowAt(scene, x, y, painted.arrows) ?? laneAt(scene, x, y)
  );
}

function requestAt(
  { model }: Scene,
  x: number,
  y: number,
  requests: readonly PaintedRequest[],
): Hit | undefined {
  const found = requests.find(
    ({ box: [bx, by, width, height] }) => x >= bx - 2 && x <= bx + width + 2 && y >= by && y <= by + height,
  );
  if (found === undefined) {
    return undefined;
  }
  const { requests: track } = model;
  const clock = track.clock(found.row);
  const answered = track.field(found.row, ANSWERED_AT);
  const lines =
    answered === NEVER
      ? ["the disk has not answered yet"]
      : [
          `sector ${track.field(found.row, SECTOR)}, ${bytesText(track.field(found.row, BYTES))}, status ${track.field(found.row, STATUS)}`,
          `answered after ${durationText(answered - clock)}`,
        ];
  return { clock, hart: undefined, lines: [`disk request ${track.field(found.row, NUMBER)}`, ...lines] };
}

function arrowAt({ model }: Scene, x: number, y: number, arrows: readonly PaintedArrow[]): Hit | undefined {
  const found = arrows.findLast(({ from, to }) => distance({ x, y }, from, to) < NEAR);
  if (found === undefined) {
    return undefined;
  }
  const { sends } = model;
  const taken = sends.field(found.row, TAKEN_AT);
  const clock = sends.clock(found.row);
  return {
    clock,
    hart: sends.field(found.row, FROM),
    lines: [
      `interrupt from hart ${sends.field(found.row, FROM)} to hart ${sends.field(found.row, TO)}`,
      taken === NEVER ? "never taken" : `taken after ${durationText(taken - clock)}`,
    ],
  };
}

function laneAt(scene: Scene, x: number, y: number): Hit | undefined {
  const hart = scene.lanes.harts.findIndex(({ top, height }) => y >= top && y < top + height);
  const clock = Math.floor(scene.view.clock(x - left(scene)));
  const tracks = scene.model.harts[hart];
  const lane = scene.lanes.harts[hart];
  if (tracks === undefined || lane === undefined) {
    return { clock, hart: undefined, lines: [momentText(clock)] };
  }
  if (y >= lane.marks - 2) {
    const row = nearest(scene, tracks.traps, x);
    if (row !== undefined) {
      const at = tracks.traps.clock(row);
      const place = BigInt.asUintN(64, BigInt(tracks.traps.field(row, PLACE))).toString(16);
      return {
        clock: at,
        hart,
        lines: [
          `hart ${hart}: ${trapText(tracks.traps.field(row, CAUSE), tracks.traps.field(row, CALL))}`,
          `at 0x${place}`,
        ],
      };
    }
  }
  return spanAt(scene, hart, clock);
}

function spanAt({ model, end }: Scene, hart: number, clock: number): Hit {
  const { doing: track } = model.harts[hart] ?? {};
  const row = track?.at(clock) ?? -1;
  if (track === undefined || row < 0) {
    return { clock, hart, lines: [`hart ${hart}: off`] };
  }
  const doing = track.field(row, DOING);
  const task = track.field(row, TASK);
  const name = task === NO_TASK ? "" : (model.names.get(task) ?? "");
  const from = track.clock(row);
  const until = row + 1 < track.length ? track.clock(row + 1) : end;
  const what =
    doing === Doing.User
      ? `${name}, ${doingText(doing)}`
      : name === ""
        ? doingText(doing)
        : `${doingText(doing)}, for ${name}`;
  const { queue } = model.stateAt(hart, clock);
  const waiting = queue === 0 ? [] : [`${queue} in its run queue`];
  return { clock, hart, lines: [`hart ${hart}: ${what}`, `for ${durationText(until - from)}`, ...waiting] };
}

function nearest(
  scene: Scene,
  track: { at: (clock: number) => number; clock: (row: number) => number; length: number },
  x: number,
): number | undefined {
  const row = track.at(scene.view.clock(x - left(scene)));
  return [row, row + 1]
    .filter((each) => each >= 0 && each < track.length)
    .map((each) => ({ each, off: Math.abs(xOf(scene, track.clock(each)) - x) }))
    .filter(({ off }) => off < NEAR)
    .sort((one, other) => one.off - other.off)[0]?.each;
}

interface Point {
  x: number;
  y: number;
}

/** From a point to a straight line between two others. */
function distance(point: Point, from: Point, to: Point): number {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const part = ((point.x - from.x) * dx + (point.y - from.y) * dy) / Math.max(1e-9, dx * dx + dy * dy);
  const bounded = Math.min(1, Math.max(0, part));
  return Math.hypot(point.x - from.x - bounded * dx, point.y - from.y - bounded * dy);
}
