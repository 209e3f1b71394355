// One build at a time: who comes second waits, and a lock whose owner died is taken over.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withLock } from "../../toolchain/lock.ts";

let folder: string;
let lock: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"));
  lock = join(folder, "below/lock");
});

afterEach(() => rmSync(folder, { recursive: true }));

test("the second build waits until the first has ended, and learns its process id", async () => {
  const events: string[] = [];
  const first = withLock(
    lock,
    () => undefined,
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      events.push("first ended");
    },
  );
  const waitedFor: number[] = [];
  await withLock(
    lock,
    (owner) => waitedFor.push(owner),
    async () => {
      events.push("second began");
    },
  );
  await first;
  expect(events).toEqual(["first ended", "second began"]);
  expect(waitedFor).toEqual([process.pid]);
  expect(existsSync(lock)).toBe(false);
});

test("a build that fails lets go of the lock", async () => {
  await expect(
    withLock(
      lock,
      () => undefined,
      () => Promise.reject(new Error("no")),
    ),
  ).rejects.toThrow("no");
  expect(existsSync(lock)).toBe(false);
});

test("a lock is taken over if its process is gone, or if it holds no process id", async () => {
  const gone = spawnSync(process.execPath, ["-e", "0"]).pid;
  for (const content of [String(gone), "", "not a number", String(process.pid)]) {
    await withLock(
      lock,
      () => undefined,
      async () => undefined,
    );
    writeFileSync(lock, content);
    expect(
      await withLock(
        lock,
        () => undefined,
        async () => "done",
      ),
    ).toBe("done");
  }
});
