// Pieces of work side by side.

import { combine } from "./problem.ts";

/** Waits for all of them, then throws what failed, as one: nothing is left running behind an error. */
export async function together<const T extends readonly Promise<unknown>[] | []>(
  work: T,
): Promise<{ -readonly [P in keyof T]: Awaited<T[P]> }> {
  const settled = await Promise.allSettled(work);
  const reasons = settled.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  if (reasons.length > 0) {
    throw combine(reasons);
  }
  return Promise.all(work);
}
