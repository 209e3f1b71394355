// The test runner's settings: every test is Node code below tests/, also a test of the guest.
//
// Two workers, because that is how many cores the smallest supported host has, and a guest compilation or a QEMU
// with four harts keeps one busy. Time-outs are wide: a test checks results, never how long something took.

import { defineConfig } from "vitest/config";

const EVERY_TEST = "tests/**/*.test.ts";
/**
 * Tests that run guest code in their own process, and change nothing else of it: a worker runs one file after another. For
 * each of the other files there is a new process, whose start is more than half of the time of many files.
 */
const GUEST_TESTS = "tests/{apps,drivers,init,kernel,libs,runtime,services}/**/*.test.ts";

export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: "guest", include: [GUEST_TESTS], isolate: false } },
      { extends: true, test: { name: "host", include: [EVERY_TEST], exclude: [GUEST_TESTS] } },
    ],
    globalSetup: "tests/harness/setup.ts",
    setupFiles: "tests/harness/random.ts",
    watch: false,
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    reporters: ["default"],
  },
});
