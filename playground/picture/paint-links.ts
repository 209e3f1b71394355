// Paints what goes between lanes: an arrow for each interrupt from hart to hart, and the disk's requests, each as long as it
// was under way.

import { ANSWERED_AT, BYTES, FROM, NEVER, NUMBER, SECTOR, STATUS, TAKEN_AT, TO } from "./model.ts";
import { fill, left, type Scene, xOf } from "./scene.ts";
import { bytesText, durationText } from "./words.ts";

/** Arrows that lie closer than this are painted thin, without heads. */
const HEAD_DISTANCE = 5;
const HEAD = 5;

/** An interrupt is never longer under way than this, in clocks; else it is lost. Bounds how far left of the picture we look. */
const SENT_BEFORE_MAX = 64_000_000;

/** An interrupt that nobody has taken goes so many pixels to the right. */
const LOST_WIDTH = 44;

const REQUEST_HEIGHT = 14;
const REQUEST_GAP = 3;
const REQUEST_TEXT_MIN = 46;

/** A request as it is painted, for hits. */
export interface PaintedRequest {
  row: number;
  box: readonly [number, number, number, number];
}

export interface PaintedArrow {
  row: number;
  from: { x: number; y: number };
  to: { x: number; y: number };
}

export function paintArrows(scene: Scene): PaintedArrow[] {
  const { sends } = scene.model;
  const begin = scene.view.clock(0);
  const painted: PaintedArrow[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (let row = Math.max(0, sends.at(begin - SENT_BEFORE_MAX)); row < sends.length; row += 1) {
    const sentAt = sends.clock(row);
    const x = xOf(scene, sentAt);
    if (x > scene.lanes.width) {
      break;
    }
    const takenAt = sends.field(row, TAKEN_AT);
    const isTaken = takenAt <= scene.end;
    const toX = isTaken ? xOf(scene, takenAt) : Math.min(xOf(scene, scene.end), x + LOST_WIDTH);
    if (toX < left(scene)) {
      continue;
    }
    const arrow = arrowOf(scene, row, x, toX);
    if (arrow !== undefined) {
      paintArrow(scene, arrow, { isClose: x - last < HEAD_DISTANCE, isTaken, from: sends.field(row, FROM) });
      painted.push(arrow);
      last = x;
    }
  }
  return painted;
}

function arrowOf({ model, lanes }: Scene, row: number, x: number, toX: number): PaintedArrow | undefined {
  const from = lanes.harts[model.sends.field(row, FROM)];
  const to = lanes.harts[model.sends.field(row, TO)];
  if (from === undefined || to === undefined) {
    return undefined;
  }
  const isDown = to.top > from.top;
  return {
    row,
    from: { x, y: isDown ? from.bar + from.barHeight : from.bar },
    to: { x: toX, y: isDown ? to.bar : to.bar + to.barHeight },
  };
}

function paintArrow(
  { context, colours }: Scene,
  { from, to }: PaintedArrow,
  { isClose, isTaken, from: sender }: { isClose: boolean; isTaken: boolean; from: number },
): void {
  const colour = isTaken ? (colours.harts[sender] ?? colours.text) : colours.alarm;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.globalAlpha = isClose ? 0.35 : 0.95;
  context.lineWidth = isClose ? 1 : 1.5;
  context.setLineDash(isTaken ? [] : [4, 3]);
  const middle = (from.y + to.y) / 2;
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.bezierCurveTo(from.x, middle, to.x, middle, to.x, to.y);
  context.stroke();
  context.setLineDash([]);
  if (!isTaken) {
    cross(context, to);
  } else if (!isClose) {
    const direction = Math.sign(to.y - from.y);
    context.beginPath();
    context.moveTo(to.x, to.y);
    context.lineTo(to.x - HEAD * 0.7, to.y - HEAD * 1.3 * direction);
    context.lineTo(to.x + HEAD * 0.7, to.y - HEAD * 1.3 * direction);
    context.fill();
    context.beginPath();
    context.arc(from.x, from.y, 2, 0, 2 * Math.PI);
    context.fill();
  }
  context.globalAlpha = 1;
}

/** Where an interrupt should have come, and has not. */
function cross(context: CanvasRenderingContext2D, { x, y }: PaintedArrow["to"]): void {
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x - HEAD, y - HEAD);
  context.lineTo(x + HEAD, y + HEAD);
  context.moveTo(x + HEAD, y - HEAD);
  context.lineTo(x - HEAD, y + HEAD);
  context.stroke();
}

export function paintDisk(scene: Scene): PaintedRequest[] {
  const { model, lanes, view } = scene;
  const { requests } = model;
  const painted: PaintedRequest[] = [];
  const begin = view.clock(0);
  const rows = Math.max(1, Math.floor((lanes.disk.height - 10) / (REQUEST_HEIGHT + REQUEST_GAP)));
  /** Where the last bar of each row ends. */
  const ends: number[] = Array.from({ length: rows }, () => Number.NEGATIVE_INFINITY);
  for (let row = 0; row < requests.length; row += 1) {
    const x = xOf(scene, requests.clock(row));
    if (x > lanes.width) {
      break;
    }
    const answered = requests.field(row, ANSWERED_AT);
    const end = xOf(scene, Math.min(answered, scene.end));
    if (Math.min(answered, scene.end) < begin) {
      continue;
    }
    const free = ends.findIndex((each) => each <= x);
    const line = free < 0 ? rows - 1 : free;
    ends[line] = end + 1;
    const y = lanes.disk.top + 7 + line * (REQUEST_HEIGHT + REQUEST_GAP);
    const from = Math.max(x, left(scene));
    const box = [from, y, Math.max(1.5, Math.min(end, lanes.width) - from), REQUEST_HEIGHT] as const;
    paintRequest(scene, row, box);
    painted.push({ row, box });
  }
  return painted;
}

function paintRequest(scene: Scene, row: number, box: readonly [number, number, number, number]): void {
  const { context, colours, model } = scene;
  const { requests } = model;
  const answered = requests.field(row, ANSWERED_AT);
  const isGood = answered !== NEVER && requests.field(row, STATUS) === 0;
  const [x, y, width, height] = box;
  fill(scene, isGood ? colours.faint : colours.alarm, isGood ? 0.32 : 0.75, box);
  fill(scene, isGood ? colours.faint : colours.alarm, 0.9, [x, y, 2, height]);
  if (width < REQUEST_TEXT_MIN) {
    return;
  }
  context.font = `11px ${colours.font}`;
  context.fillStyle = colours.text;
  context.textBaseline = "middle";
  context.save();
  context.beginPath();
  context.rect(x, y, width - 4, height);
  context.clip();
  const time = answered === NEVER ? "no answer" : durationText(answered - requests.clock(row));
  const what =
    answered === NEVER
      ? ""
      : `sector ${requests.field(row, SECTOR)}, ${bytesText(requests.field(row, BYTES))} · `;
  const texts = [`#${requests.field(row, NUMBER)} ${what}${time}`, time];
  const text = texts.find((each) => context.measureText(each).width < width - 12) ?? "";
  context.fillText(text, x + 7, y + height / 2 + 0.5);
  context.restore();
}
