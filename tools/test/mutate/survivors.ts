// The checks that no test misses, each with the reason why. `./nx test --mutate` fails for a check that survives and is not
// here, and for one that is here and is missed by a test, or is gone.

/** By the check's name. */
export const survivors: Readonly<Record<string, string>> = {};
