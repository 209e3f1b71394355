// What a bench gives.

/** One measured number. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** What it has to reach, if anything. */
  goal: number | undefined;
}
