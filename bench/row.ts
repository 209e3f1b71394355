// The rows of a bench. Every part measures rows of this type, and tables, JSON and the picture show them.
//
// A *target* is the value that a row should reach. It may be missed. A *budget* is a value that no change may exceed. It is just
// above the last measurement.

/** The parts of a bench, in the order in which they run. */
export const partNames = ["kernel", "code", "machine", "disk", "reliability", "build"] as const;
export type PartName = (typeof partNames)[number];

/** The same thing measured elsewhere. */
export interface Reference {
  name: string;
  measured: number;
  /** Another system (or compiler), or a yardstick, which only makes a number comparable on this computer or in this run. */
  kind: "system" | "yardstick";
}

/** What a row should reach: its value, or the ratio of its value to the reference. */
export interface Target {
  of: "measured" | "ratio";
  bound: "at most" | "at least";
  value: number;
}

/** What a part knows of a row. The rest of the row is computed from it. */
export interface Measurement {
  part: PartName;
  name: string;
  measured: number;
  unit: string;
  /** The best other system. */
  reference?: Reference | undefined;
  target?: Target | undefined;
  /** The most that `measured` may be. A change that exceeds it counts as a regression. */
  budget?: number | undefined;
  /** What keeps the row from its target, where that is known. It then fails only by its budget. */
  limit?: string | undefined;
}

/** One measured number, with what it is compared with. */
export interface Row extends Measurement {
  /** `measured` divided by the reference's number. */
  ratio?: number;
  /** Whether the target is reached. True for a row without a target. */
  met: boolean;
}

export function makeRow(measurement: Measurement): Row {
  const { measured, reference, target } = measurement;
  const ratio = reference === undefined ? undefined : measured / reference.measured;
  const row = { ...measurement, ...(ratio === undefined ? {} : { ratio }) };
  return { ...row, met: target === undefined || reaches(target, target.of === "ratio" ? ratio : measured) };
}

function reaches({ bound, value }: Target, reached: number | undefined): boolean {
  if (reached === undefined) {
    return false;
  }
  return bound === "at most" ? reached <= value : reached >= value;
}

/** The other system in which the same thing costs least. */
export function bestOf(others: readonly Reference[]): Reference | undefined {
  return others.toSorted((one, other) => one.measured - other.measured)[0];
}

export const atMost = (value: number): Target => ({ of: "measured", bound: "at most", value });
export const ratioAtMost = (value: number): Target => ({ of: "ratio", bound: "at most", value });
export const ratioAtLeast = (value: number): Target => ({ of: "ratio", bound: "at least", value });

/** Whether a row makes the command fail: it is over its budget, or it has no budget and misses its target without a known limit. */
export function isFailure({ measured, budget, met, limit }: Row): boolean {
  return budget === undefined ? !met && limit === undefined : measured > budget;
}

/**
 The ratio of a row to its target, turned so that less is better, also for a speed. 1 is the target itself. Undefined without
 * a target. Of a target of 0 it is 0 or infinite.
 */
export function shareOfTarget({ measured, ratio, target }: Row): number | undefined {
  const reached = target?.of === "ratio" ? ratio : measured;
  if (target === undefined || reached === undefined) {
    return undefined;
  }
  if (reached === target.value) {
    return target.value === 0 ? 0 : 1;
  }
  return target.bound === "at most" ? reached / target.value : target.value / reached;
}
