// A reporter that vitest loads: tells the process that started vitest how each test ended (test.ts counts that).
//
// It tells once, in one message, when everything has run. If vitest breaks off before, there is no message.

import type { Reporter, TestModule } from "vitest/node";

/** How a run of vitest ended. */
export interface TestReport {
  readonly files: readonly FileReport[];
  /** Errors outside of any test: a worker that died, a promise that was rejected and not looked at. */
  readonly errors: number;
}

export interface FileReport {
  /** Relative to the folder in which vitest runs. */
  readonly file: string;
  /** False if a test failed, or the file could not be loaded, or its set-up failed. */
  readonly ok: boolean;
  readonly tests: readonly { readonly name: string; readonly state: string }[];
}

export default class CountReporter implements Reporter {
  async onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): Promise<void> {
    const report: TestReport = { files: modules.map(fileReport), errors: errors.length };
    await send(JSON.stringify(report));
  }
}

function fileReport(module: TestModule): FileReport {
  const tests = [...module.children.allTests()];
  return {
    file: module.relativeModuleId,
    ok: module.ok(),
    tests: tests.map((test) => ({ name: test.fullName, state: test.result().state })),
  };
}

/** Resolves when the message is written: vitest may end right after. */
function send(message: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (process.send === undefined) {
      throw new Error("this reporter is for ./nx test, which listens to it");
    }
    process.send(message, undefined, undefined, (error) => (error === null ? resolve() : reject(error)));
  });
}
