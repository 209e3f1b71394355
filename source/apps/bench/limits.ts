/** How much is measured. */

/** Rounds of an operation, those that warm up among them. */
export const ROUNDS: u32 = 64;
/** The first rounds do not count: tables are made, caches filled, and a child comes to where it waits. */
export const WARM_ROUNDS: u32 = 16;
