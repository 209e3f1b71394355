// Runs pieces of work at the same time.

import { combine } from "./problem.ts";

/** Waits for all of them, then throws their errors as one, so that no work goes on after an error. */
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
