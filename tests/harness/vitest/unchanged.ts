// Files of tests share processes (vitest.config.ts): each leaves the process as it found it, so that their order does not matter.

import { afterAll, expect } from "vitest";

/** What one file could leave behind for the next. */
function stateOfProcess(): unknown {
  const listeners = process.eventNames().map((name) => [String(name), process.listenerCount(name)]);
  return {
    env: { ...process.env },
    folder: process.cwd(),
    exitCode: process.exitCode,
    umask: process.umask(),
    write: [process.stdout.write, process.stderr.write],
    listeners: Object.fromEntries(listeners),
  };
}

const before = stateOfProcess();
afterAll(() =>
  expect(stateOfProcess(), "a file of tests has to leave the process as it found it").toEqual(before),
);
