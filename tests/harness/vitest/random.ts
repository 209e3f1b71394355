// Tests that draw at random draw the same in every run, so that a run says something of the code and nothing of luck. Other
// draws are tried on purpose: NEURON_TEST_SEED=7 npx vitest tests/kernel

import fc from "fast-check";

const SEED_VARIABLE = "NEURON_TEST_SEED";

const seed = Number(process.env[SEED_VARIABLE] ?? 1);
if (!Number.isSafeInteger(seed)) {
  throw new Error(`${SEED_VARIABLE} is no whole number`);
}
fc.configureGlobal({ seed });
