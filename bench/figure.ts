// What a bench gives.

/** One measured number. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** To what was measured beside it on the same computer; undefined if there is nothing. */
  ratio: number | undefined;
  /** What the ratio has to reach, if anything. A value is the computer's, so there are no goals for it. */
  goal: number | undefined;
}

export function isReached({ ratio, goal }: Figure): boolean {
  return goal === undefined || (ratio !== undefined && ratio >= goal);
}
