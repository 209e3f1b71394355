// Paints the lane of each hart: what it does as a bar, the tasks that wait in its run queue as steps above it, traps and ticks
// as marks below it.
//
// What is narrower than a pixel is summed up: a column is as dense as the part of its time that the hart was busy.

import { Doing, NO_TASK } from "../protocol/rows.ts";
import type { Lane } from "./lanes.ts";
import { DOING, type HartTracks, LENGTH, TASK } from "./model.ts";
import { fill, left, type Scene, xOf } from "./scene.ts";
import type { Track } from "./track.ts";

/** How dense a bar is: user mode, the kernel. */
const USER_ALPHA = 1;
const KERNEL_ALPHA = 0.42;

/** Bars from this width on have the task's name in them. */
const NAME_WIDTH_MIN = 26;
const NAME_MARGIN = 6;

/** Marks are left out where they are closer than this. */
const MARK_DISTANCE = 2;

/** The steps of a run queue: so many tasks fill its height. */
const QUEUE_FULL = 4;

export function paintHarts(scene: Scene): void {
  scene.model.harts.forEach((tracks, hart) => {
    const lane = scene.lanes.harts[hart];
    if (lane !== undefined) {
      paintRest(scene, lane);
      paintDoing(scene, hart, tracks, lane);
      paintQueue(scene, hart, tracks, lane);
      paintMarks(scene, hart, tracks, lane);
    }
  });
}

/** A thin line along which the bars stand. */
function paintRest(scene: Scene, lane: Lane): void {
  const y = lane.bar + Math.round(lane.barHeight / 2);
  const begin = Math.max(left(scene), xOf(scene, 0));
  const end = Math.min(scene.lanes.width, xOf(scene, scene.end));
  fill(scene, scene.colours.line, 1, [begin, y, Math.max(0, end - begin), 1]);
}

function paintDoing(scene: Scene, hart: number, { doing }: HartTracks, lane: Lane): void {
  const { lanes, view, colours } = scene;
  const colour = colours.harts[hart] ?? colours.text;
  const column = new Column(scene, colour, lane);
  const edge = lanes.width;
  const first = Math.max(0, doing.at(view.clock(0)));
  for (let row = first; row < doing.length; row += 1) {
    const begin = xOf(scene, doing.clock(row));
    if (begin > edge) {
      break;
    }
    const kind = doing.field(row, DOING);
    if (kind !== Doing.User && kind !== Doing.Kernel) {
      continue;
    }
    const until = row + 1 < doing.length ? doing.clock(row + 1) : scene.end;
    const end = xOf(scene, until);
    if (end < left(scene)) {
      continue;
    }
    const alpha = kind === Doing.User ? USER_ALPHA : KERNEL_ALPHA;
    if (end - begin < 1) {
      column.add(begin, (end - begin) * alpha);
      continue;
    }
    column.flush();
    paintBar(scene, colour, lane, {
      begin,
      end,
      alpha,
      task: doing.field(row, TASK),
      isUser: kind === Doing.User,
    });
  }
  column.flush();
}

interface Bar {
  begin: number;
  end: number;
  alpha: number;
  task: number;
  isUser: boolean;
}

function paintBar(scene: Scene, colour: string, lane: Lane, { begin, end, alpha, task, isUser }: Bar): void {
  const { context, colours, lanes } = scene;
  const from = Math.max(begin, left(scene));
  const to = Math.min(end, lanes.width);
  const y = isUser ? lane.bar : lane.bar + Math.round(lane.barHeight * 0.2);
  const height = isUser ? lane.barHeight : Math.round(lane.barHeight * 0.6);
  fill(scene, colour, alpha, [from, y, Math.max(1, to - from - (to - from > 4 ? 0.5 : 0)), height]);
  if (to - from < NAME_WIDTH_MIN || height < 11) {
    return;
  }
  const name = task === NO_TASK ? "" : (scene.model.names.get(task) ?? "");
  if (name === "") {
    return;
  }
  context.font = `${isUser ? 600 : 500} 11px ${colours.font}`;
  context.fillStyle = isUser ? colours.onHart : colours.text;
  context.textBaseline = "middle";
  const room = to - from - 2 * NAME_MARGIN;
  const text = shortened(context, name, room);
  if (text !== "") {
    context.fillText(text, from + NAME_MARGIN, y + height / 2 + 0.5);
  }
}

function shortened(context: CanvasRenderingContext2D, name: string, room: number): string {
  if (context.measureText(name).width <= room) {
    return name;
  }
  for (let length = name.length - 1; length >= 2; length -= 1) {
    const text = `${name.slice(0, length)}…`;
    if (context.measureText(text).width <= room) {
      return text;
    }
  }
  return "";
}

/** Sums up the bars of one pixel. */
class Column {
  private readonly scene: Scene;
  private readonly colour: string;
  private readonly lane: Lane;
  private x = 0;
  private sum = 0;

  constructor(scene: Scene, colour: string, lane: Lane) {
    this.scene = scene;
    this.colour = colour;
    this.lane = lane;
  }

  add(begin: number, amount: number): void {
    const x = Math.floor(begin);
    if (x !== this.x) {
      this.flush();
      this.x = x;
    }
    this.sum += amount;
  }

  flush(): void {
    if (this.sum > 0 && this.x >= left(this.scene)) {
      const alpha = Math.min(1, 0.25 + this.sum * 0.75);
      fill(this.scene, this.colour, alpha, [this.x, this.lane.bar, 1, this.lane.barHeight]);
    }
    this.sum = 0;
  }
}

function paintQueue(scene: Scene, hart: number, { queue }: HartTracks, lane: Lane): void {
  const colour = scene.colours.harts[hart] ?? scene.colours.text;
  const bottom = lane.queue + lane.queueHeight;
  for (let row = Math.max(0, queue.at(scene.view.clock(0))); row < queue.length; row += 1) {
    const begin = Math.max(left(scene), xOf(scene, queue.clock(row)));
    if (begin > scene.lanes.width) {
      break;
    }
    const length = queue.field(row, LENGTH);
    const until = row + 1 < queue.length ? queue.clock(row + 1) : scene.end;
    const end = Math.min(scene.lanes.width, xOf(scene, until));
    if (length === 0 || end < begin) {
      continue;
    }
    const unit = lane.queueHeight / QUEUE_FULL;
    const height = Math.max(3, Math.round(Math.min(length, QUEUE_FULL) * unit));
    fill(scene, colour, 0.55, [begin, bottom - height, Math.max(1, end - begin), height - 1]);
  }
}

function paintMarks(scene: Scene, hart: number, { traps, ticks }: HartTracks, lane: Lane): void {
  const colour = scene.colours.harts[hart] ?? scene.colours.text;
  marks(scene, traps, (x) =>
    fill(scene, colour, 0.7, [x, lane.marks, 1, Math.round(lane.marksHeight * 0.55)]),
  );
  const { context } = scene;
  context.fillStyle = scene.colours.faint;
  marks(scene, ticks, (x) => {
    const y = lane.marks + lane.marksHeight;
    context.beginPath();
    context.moveTo(x, y - 5);
    context.lineTo(x + 3, y);
    context.lineTo(x - 3, y);
    context.fill();
  });
}

/** Each row of a track that is in sight, at its pixel, but none closer than MARK_DISTANCE to the one before. */
function marks(scene: Scene, track: Track, paint: (x: number) => void): void {
  let last = Number.NEGATIVE_INFINITY;
  for (let row = Math.max(0, track.at(scene.view.clock(0))); row < track.length; row += 1) {
    const x = xOf(scene, track.clock(row));
    if (x > scene.lanes.width) {
      break;
    }
    if (x >= left(scene) && x - last >= MARK_DISTANCE) {
      paint(x);
      last = x;
    }
  }
}
