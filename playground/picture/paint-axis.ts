// Paints the axis above the lanes with its lines, the folds, the labels at the left, and where the run stands.

import { AXIS_HEIGHT } from "./lanes.ts";
import { FOLD_END } from "./model.ts";
import { fill, left, type Scene, xOf } from "./scene.ts";
import { durationText, momentText } from "./words.ts";

/** Pixels between two labels at least. */
const LABEL_DISTANCE = 96;

/** Steps of a scale: 1, 2 and 5 of each power of ten, in tens of nanoseconds. */
const STEPS = [1, 2, 5];
const CLOCKS_OF_10_NS = 3.2;

/** Folds that are narrower than this on the screen are not marked; wider ones say how long they are. */
const FOLD_MARK_MIN = 3;
const FOLD_TEXT_MIN = 44;

/** Lines that are painted at most. */
const LINES_MAX = 200;

export function paintGround(scene: Scene): void {
  const { context, lanes, colours, hart } = scene;
  context.clearRect(0, 0, lanes.width, lanes.height);
  const lane = lanes.harts[hart];
  if (lane !== undefined) {
    fill(scene, colours.band, 1, [0, lane.top, lanes.width, lane.height]);
  }
  if (scene.lit !== undefined) {
    const from = Math.max(left(scene), xOf(scene, scene.lit.from));
    const to = Math.min(lanes.width, xOf(scene, scene.lit.to));
    fill(scene, colours.accent, 0.1, [from, AXIS_HEIGHT, Math.max(2, to - from), lanes.height - AXIS_HEIGHT]);
  }
  paintFolds(scene);
  for (const { top, height } of lanes.harts) {
    fill(scene, colours.line, 1, [0, top + height - 1, lanes.width, 1]);
  }
}

function paintFolds(scene: Scene): void {
  const { view, model, lanes, colours, context } = scene;
  if (!view.axis.isFolding) {
    return;
  }
  const { folds } = model;
  for (let row = Math.max(0, folds.at(view.clock(0))); row < folds.length; row += 1) {
    const x = xOf(scene, folds.clock(row));
    if (x > lanes.width) {
      return;
    }
    const width = xOf(scene, folds.field(row, FOLD_END)) - x;
    if (width < FOLD_MARK_MIN) {
      continue;
    }
    const from = Math.max(left(scene), x);
    fill(scene, colours.line, 0.5, [
      from,
      AXIS_HEIGHT,
      Math.max(0, x + width - from),
      lanes.height - AXIS_HEIGHT,
    ]);
    if (width > FOLD_TEXT_MIN && x + width / 2 > left(scene) + 20) {
      context.font = `italic 10px ${colours.font}`;
      context.fillStyle = colours.faint;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(
        durationText(folds.field(row, FOLD_END) - folds.clock(row)),
        x + width / 2,
        lanes.height - 8,
      );
      context.textAlign = "left";
    }
  }
}

export function paintAxis(scene: Scene): void {
  const { context, colours, lanes, view } = scene;
  fill(scene, colours.ground, 1, [0, 0, lanes.width, AXIS_HEIGHT]);
  const step = stepFor(view.scale * LABEL_DISTANCE);
  context.font = `11px ${colours.font}`;
  context.textBaseline = "middle";
  let last = Number.NEGATIVE_INFINITY;
  let clock = Math.ceil(view.clock(0) / step) * step;
  const end = view.clock(lanes.width - left(scene));
  for (let count = 0; clock <= end && count < LINES_MAX; count += 1) {
    const x = xOf(scene, clock);
    const text = momentText(clock, view.scale);
    if (x >= left(scene) && x - last > LABEL_DISTANCE * 0.9) {
      fill(scene, colours.line, 0.8, [Math.round(x), AXIS_HEIGHT - 6, 1, lanes.height - AXIS_HEIGHT + 6]);
      context.fillStyle = colours.faint;
      context.fillText(text, x + 5, AXIS_HEIGHT / 2 + 1);
      last = x;
    }
    clock = nextLine(scene, clock, step, last);
  }
  fill(scene, colours.line, 1, [0, AXIS_HEIGHT - 1, lanes.width, 1]);
}

/** The next multiple of the step that is far enough from the last label; a fold may hide many. */
function nextLine({ view, lanes }: Scene, clock: number, step: number, last: number): number {
  const wanted = view.clock(Math.max(0, last - lanes.labels) + LABEL_DISTANCE * 0.9);
  return Math.max(clock + step, Math.ceil(wanted / step) * step);
}

function stepFor(clocks: number): number {
  let power = CLOCKS_OF_10_NS;
  for (;;) {
    const step = STEPS.map((each) => each * power).find((each) => each >= clocks);
    if (step !== undefined) {
      return step;
    }
    power *= 10;
  }
}

export function paintLabels(scene: Scene): void {
  const { context, colours, lanes } = scene;
  fill(scene, colours.ground, 1, [0, 0, lanes.labels, lanes.height]);
  context.textBaseline = "middle";
  const isNarrow = lanes.labels < 70;
  lanes.harts.forEach(({ top, height, bar, barHeight }, hart) => {
    const y = bar + barHeight / 2 + 1;
    if (hart === scene.hart) {
      fill(scene, colours.band, 1, [0, top, lanes.labels, height - 1]);
    }
    context.fillStyle = colours.harts[hart] ?? colours.text;
    context.beginPath();
    context.roundRect(isNarrow ? 8 : 14, y - 5, 10, 10, 3);
    context.fill();
    context.font = `600 12px ${colours.font}`;
    context.fillStyle = colours.text;
    context.fillText(isNarrow ? `h${hart}` : `hart ${hart}`, isNarrow ? 24 : 32, y);
  });
  context.font = `500 12px ${colours.font}`;
  context.fillStyle = colours.faint;
  context.fillText("disk", isNarrow ? 24 : 32, lanes.disk.top + 15);
  fill(scene, colours.line, 1, [lanes.labels - 1, 0, 1, lanes.height]);
}

/** A line where the run stands, and one at the pointer. */
export function paintCursors(scene: Scene): void {
  const { context, colours, lanes, view, pointer } = scene;
  if (pointer !== undefined && pointer.x > left(scene)) {
    fill(scene, colours.faint, 0.5, [Math.round(pointer.x), AXIS_HEIGHT, 1, lanes.height]);
    badge(scene, pointer.x, momentText(view.clock(pointer.x - left(scene)), view.scale / 10), colours.faint);
  }
  const x = xOf(scene, scene.clock);
  if (x >= left(scene) - 1 && x <= lanes.width) {
    fill(scene, colours.accent, 1, [Math.round(x) - 0.75, AXIS_HEIGHT - 8, 1.5, lanes.height]);
    context.fillStyle = colours.accent;
    context.beginPath();
    context.moveTo(x, AXIS_HEIGHT);
    context.lineTo(x - 5, AXIS_HEIGHT - 9);
    context.lineTo(x + 5, AXIS_HEIGHT - 9);
    context.fill();
  }
}

function badge(scene: Scene, x: number, text: string, colour: string): void {
  const { context, colours, lanes } = scene;
  context.font = `600 11px ${colours.font}`;
  const width = context.measureText(text).width + 12;
  const from = Math.min(Math.max(x - width / 2, left(scene)), lanes.width - width);
  context.fillStyle = colours.ground;
  context.beginPath();
  context.roundRect(from, 3, width, AXIS_HEIGHT - 8, 5);
  context.fill();
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.stroke();
  context.fillStyle = colours.text;
  context.textBaseline = "middle";
  context.fillText(text, from + 6, 3 + (AXIS_HEIGHT - 8) / 2 + 0.5);
}
