/** How much is measured. */

/** Rounds of an operation, warm-up included. */
export const ROUNDS: u32 = 64;
/**
 * The first rounds do not count: in them tables are made, caches filled, and children reach the point where they wait.
 */
export const WARM_ROUNDS: u32 = 16;
