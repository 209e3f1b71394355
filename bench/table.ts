// Formats rows as tables in plain text, one for each part.

import { type Column, formatTable } from "../host/report.ts";
import { isFailure, type PartName, type Row, type Target } from "./row.ts";

const columns = (part: PartName): readonly Column[] => [
  { heading: part },
  { heading: "measured", align: "right" },
  { heading: "unit" },
  { heading: "best other", align: "right" },
  { heading: "ratio", align: "right" },
  { heading: "target", align: "right" },
  { heading: "met" },
  { heading: "budget", align: "right" },
  { heading: "" },
];

/** The table of one part. Ends with a newline. */
export function formatRows(part: PartName, rows: readonly Row[]): string {
  return formatTable(columns(part), rows.map(cells));
}

function cells(row: Row): string[] {
  const { name, measured, unit, reference, ratio, target, met, budget, limit } = row;
  return [
    name,
    formatNumber(measured),
    unit,
    reference === undefined ? "" : `${reference.name} ${formatNumber(reference.measured)}`,
    ratio === undefined ? "" : formatRatio(ratio),
    target === undefined ? "" : formatTarget(target),
    target === undefined ? "" : met ? "yes" : "no",
    budget === undefined ? "" : formatNumber(budget),
    isFailure(row) ? "FAILS" : met ? "" : (limit ?? ""),
  ];
}

function formatTarget({ of, bound, value }: Target): string {
  const number = of === "ratio" ? `ratio ${formatRatio(value)}` : formatNumber(value);
  return bound === "at least" ? `${number} or more` : number;
}

/** A count with separated thousands, or a fraction with as many digits as mean something. */
export function formatNumber(value: number): string {
  const digits = Number.isInteger(value) || value >= 1000 ? 0 : value < 10 ? 2 : 1;
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A ratio with two decimals, or more if it is small. */
export function formatRatio(value: number): string {
  return value !== 0 && value < 0.1 ? value.toFixed(3) : value.toFixed(2);
}
