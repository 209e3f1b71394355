// What a bench gives: rows. Every part measures rows of this one shape, and tables, JSON and the picture are made of them.
//
// A *target* is what a row is meant to reach; it may still be missed. A *budget* is what no change may pass: it lies just above
// what was measured last.

/** The parts of a bench, in the order in which they run. */
export const partNames = ["kernel", "code", "machine"] as const;
export type PartName = (typeof partNames)[number];

/** The same thing elsewhere. */
export interface Reference {
  name: string;
  measured: number;
  /** Another system (or compiler); or a yardstick, which only says what a number means on this computer or in this run. */
  kind: "system" | "yardstick";
}

/** What has to be reached: by the measured value itself, or by its ratio to the reference. */
export interface Target {
  of: "measured" | "ratio";
  bound: "at most" | "at least";
  value: number;
}

/** What a part says of a row; the rest of the row follows from it. */
export interface Measurement {
  part: PartName;
  name: string;
  measured: number;
  unit: string;
  /** The best of the others. */
  reference?: Reference | undefined;
  target?: Target | undefined;
  /** The most that `measured` may be before a change counts as a step back. */
  budget?: number | undefined;
}

/** One measured number, with what it is held against. */
export interface Row extends Measurement {
  /** `measured` to the reference's. */
  ratio?: number;
  /** Whether the target is reached. A row without a target has nothing to miss. */
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

/** The other system in which the same thing takes least. */
export function bestOf(others: readonly Reference[]): Reference | undefined {
  return others.toSorted((one, other) => one.measured - other.measured)[0];
}

export const atMost = (value: number): Target => ({ of: "measured", bound: "at most", value });
export const ratioAtMost = (value: number): Target => ({ of: "ratio", bound: "at most", value });
export const ratioAtLeast = (value: number): Target => ({ of: "ratio", bound: "at least", value });

/** Whether a row makes the command fail: it is over its budget, or, where it has none, misses its target. */
export function isFailure({ measured, budget, met }: Row): boolean {
  return budget === undefined ? !met : measured > budget;
}

/**
 * How much of what its target allows a row takes: 1 is the target itself, and less is better, also for a speed. Undefined without a
 * target.
 */
export function shareOfTarget({ measured, ratio, target }: Row): number | undefined {
  const reached = target?.of === "ratio" ? ratio : measured;
  if (target === undefined || reached === undefined) {
    return undefined;
  }
  return target.bound === "at most" ? reached / target.value : target.value / reached;
}
