// Draws rows as a picture (SVG): a line for each row, with one bar for the ratio to the best other system and one for the ratio
// to the target.
//
// The colours have middle brightness and there is no background, so the picture can be read on a light page and on a dark one.
// In both columns shorter is better: for a speed, the bar shows how much slower it is.

import { type PartName, partNames, type Row, shareOfTarget } from "./row.ts";
import { formatRatio } from "./table.ts";

const WIDTH = 1350;
const LINE = 20;
const BAR = 11;
const TOP = 64;
const BOTTOM = 12;
const LABELS_END = 690;
/** Where each column of bars begins and ends. The numbers follow the bars. */
const SYSTEM = { left: 706, right: 900 };
const TARGET = { left: 1080, right: 1240 };
const NUMBER_GAP = 6;

/** The column for other systems is logarithmic, from 1/128 to twice as much. */
const POWER_MIN = -7;
const POWER_MAX = 1;
/** The column for the targets is linear, up to three times as much. */
const SHARE_MAX = 3;

const TEXT = "#747d87";
const GRID = "#9aa3ad";
const GOOD = "#3d8bd4";
const BAD = "#d97b29";

/** A whole SVG file: the rows that have a target, or another system beside them. */
export function drawRows(rows: readonly Row[]): string {
  const drawn = rows.filter((row) => systemShare(row) !== undefined || row.target !== undefined);
  const lines = partNames.flatMap((part) => {
    const ofPart = drawn.filter((row) => row.part === part);
    return ofPart.length === 0 ? [] : [part, ...ofPart];
  });
  const height = TOP + lines.length * LINE + BOTTOM;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img"`,
    `  font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="12" fill="${TEXT}">`,
    "<title>The measurements, compared with the best other system and with the targets</title>",
    ...heading(height),
    ...lines.flatMap((line, index) => drawLine(line, TOP + index * LINE)),
    "</svg>",
  ].join("\n")}\n`;
}

function heading(height: number): string[] {
  const powers = [-6, -4, -2, 0].map((power) => ({
    at: systemAt(2 ** power),
    name: power === 0 ? "1" : `1/${2 ** -power}`,
  }));
  const shares = [0, 1, 2].map((share) => ({ at: targetAt(share), name: String(share) }));
  return [
    text(SYSTEM.left, 18, "compared with the best other system", 'font-weight="bold"'),
    text(SYSTEM.left, 34, "1: the same; each line is a factor of four"),
    text(TARGET.left, 18, "compared with the target", 'font-weight="bold"'),
    text(TARGET.left, 34, "1: the target; less is better"),
    ...[...powers, ...shares].flatMap(({ at, name }) => [
      text(at, TOP - 12, name, 'text-anchor="middle"'),
      `<path d="M${at} ${TOP - 6}V${height - BOTTOM}" stroke="${GRID}" stroke-width="${name === "1" ? 1.5 : 0.4}"/>`,
    ]),
  ];
}

/** A part's name, or one of its rows. */
function drawLine(line: PartName | Row, top: number): string[] {
  const base = top + LINE - 6;
  return typeof line === "string"
    ? [text(LABELS_END, base, line, 'text-anchor="end" font-weight="bold"')]
    : drawRow(line, top, base);
}

function drawRow(row: Row, top: number, base: number): string[] {
  const system = systemShare(row);
  const share = shareOfTarget(row);
  return [
    text(LABELS_END, base, escapeText(row.name), 'text-anchor="end"'),
    ...(system === undefined ? [] : drawSystem(row, system, top)),
    ...(share === undefined
      ? []
      : [
          bar(targetAt(0), targetAt(share), top, row.met),
          text(TARGET.right + NUMBER_GAP, base, `${formatRatio(share)}${row.met ? "" : ", missed"}`),
        ]),
  ];
}

function drawSystem({ reference }: Row, share: number, top: number): string[] {
  const number = `${formatRatio(share)} of ${reference?.name ?? ""}`;
  return [
    bar(systemAt(1), systemAt(share), top, share <= 1),
    text(SYSTEM.right + NUMBER_GAP, top + LINE - 6, escapeText(number)),
  ];
}

/** The ratio of a row to the best other system. Undefined if there is none. */
function systemShare({ reference, ratio, target }: Row): number | undefined {
  if (reference?.kind !== "system" || ratio === undefined) {
    return undefined;
  }
  return target?.bound === "at least" ? 1 / ratio : ratio;
}

function systemAt(share: number): number {
  const power = Math.min(Math.max(Math.log2(share), POWER_MIN), POWER_MAX);
  return place(SYSTEM, (power - POWER_MIN) / (POWER_MAX - POWER_MIN));
}

function targetAt(share: number): number {
  return place(TARGET, Math.min(share, SHARE_MAX) / SHARE_MAX);
}

function place({ left, right }: { left: number; right: number }, part: number): number {
  return Math.round((left + (right - left) * part) * 10) / 10;
}

function bar(from: number, to: number, top: number, isGood: boolean): string {
  const x = Math.min(from, to);
  const width = Math.round(Math.max(Math.abs(to - from), 1) * 10) / 10;
  const y = top + (LINE - BAR) / 2;
  return `<rect x="${x}" y="${y}" width="${width}" height="${BAR}" rx="1" fill="${isGood ? GOOD : BAD}"/>`;
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x}" y="${y}"${attributes === "" ? "" : ` ${attributes}`}>${content}</text>`;
}

function escapeText(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
