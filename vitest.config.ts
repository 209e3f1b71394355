// The test runner's settings: every test is Node code below tests/, also a test of the guest.
//
// Two workers, because that is how many cores the smallest supported host has, and a guest compilation or a QEMU
// with four harts keeps one busy. Time-outs are wide: a test checks results, never how long something took.
//
// A worker is one process, and runs one file after another: the start of a process and its imports would take more time than
// most files do. So a file leaves the process as it found it (tests/harness/vitest/unchanged.ts looks).

import { defineConfig } from "vitest/config";
import { LongestFirst } from "./tests/harness/vitest/order.ts";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    isolate: false,
    globalSetup: "tests/harness/vitest/setup.ts",
    setupFiles: ["tests/harness/vitest/random.ts", "tests/harness/vitest/unchanged.ts"],
    sequence: { sequencer: LongestFirst },
    watch: false,
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    reporters: ["default"],
  },
});
