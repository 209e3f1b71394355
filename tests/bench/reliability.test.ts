// What a run of apps/chaos tells, and that a run with ends is judged by it. ./nx bench reliability makes many of them.

import { beforeAll, describe, expect, test } from "vitest";
import { chaosDisk } from "../../bench/kernel/disk.ts";
import { readSubject, type Subject } from "../../bench/kernel/run.ts";
import { runOnMachine } from "../../bench/reliability/runs.ts";
import { endShellOnMachine, ShellEnder, WARM_UP_ROUNDS } from "../../bench/reliability/shell.ts";
import { storyOf, type TimedLine } from "../../bench/reliability/story.ts";
import { rowsOf } from "../../bench/reliability.ts";
import { isFailure } from "../../bench/row.ts";

/** Wide: it only ends a run that hangs. */
const TIMEOUT_MS = 120_000;

const ended = (name: string, pause: number): string =>
  `nexus-init: ${name} ended: it was killed; started again in ${pause} ms`;
const MOUNTED = "pkgfs: mounted from virtio-blk ro";
const OK = "chaos: ok rounds=2 reads=9 errors=1 free_before=4096 free_after=4096";

function told(...lines: [text: string, at: number][]): TimedLine[] {
  return lines.map(([text, at]) => ({ text, at }));
}

describe("the story of a run", () => {
  test("has each end, and the longest time from when a service was due", () => {
    const lines = told(
      ["virtioblkd: ready", 1],
      [MOUNTED, 5],
      [ended("packagefsd", 50), 1000],
      [MOUNTED, 1058],
      [ended("packagefsd", 100), 2000],
      [ended("virtioblkd", 50), 2003],
      ["virtioblkd: ready", 2055],
      [MOUNTED, 2107],
      [OK, 3000],
    );
    expect(storyOf(lines, 2)).toEqual({ ends: 3, longest: 8, problem: undefined });
  });

  test("on QEMU has no times", () => {
    const lines = [ended("packagefsd", 50), MOUNTED, OK].map((text) => ({ text, at: undefined }));
    expect(storyOf(lines, 2)).toEqual({ ends: 1, longest: undefined, problem: undefined });
  });

  test.each([
    [
      "wrong content",
      ["chaos: fixtures/large.bin: wrong content"],
      "chaos: fixtures/large.bin: wrong content",
    ],
    ["a read that does not recover", ["chaos: reads did not recover"], "chaos: reads did not recover"],
    ["a run that hangs", [], "it did not come to its end"],
    [
      "memory that is lost",
      ["chaos: ok rounds=2 reads=9 errors=1 free_before=8192 free_after=4096"],
      "8192 bytes were free before, 4096 after",
    ],
    ["a run that is too short", ["chaos: ok rounds=1"], "1 rounds instead of 2"],
    [
      "a service that is given up",
      ["nexus-init: consoled ended: it was killed; given up, it was started again 8 times just now", OK],
      "nexus-init: consoled ended: it was killed; given up, it was started again 8 times just now",
    ],
  ])("names %s, and its row fails", (_what, lines, problem) => {
    const story = storyOf(
      lines.map((text) => ({ text, at: 1 })),
      2,
    );
    expect(story.problem).toBe(problem);
    expect(rowsOf("it", [story]).some(isFailure)).toBe(true);
  });
});

describe("on the machine", () => {
  let subject: Subject;
  let chaosSubject: Subject;
  beforeAll(async () => {
    subject = await readSubject("bringup", { start: () => () => {}, note: () => {} });
    chaosSubject = { ...subject, disk: chaosDisk(subject) };
  }, TIMEOUT_MS);

  test.each([
    ["virtioblkd", 1],
    ["packagefsd", 1],
    ["consoled", 1],
    ["both", 2],
    ["greedy", 1],
  ])(
    "every round of %s has its end, nothing is wrong, and the service is back in time",
    (victims, each) => {
      const rounds = 2;
      // Two more before memory is measured.
      const story = runOnMachine(chaosSubject, { victims, rounds, seed: 3n, harts: 4 }, false);
      expect(story).toMatchObject({ ends: (rounds + 2) * each, problem: undefined });
      expect(rowsOf(victims, [story]).filter(isFailure)).toEqual([]);
      expect(rowsOf(victims, [story])).toHaveLength(3);
    },
    TIMEOUT_MS,
  );

  test.each([false, true])(
    "a shell that is ended comes back each time, with all memory; with every chaos: %s",
    (isHostile) => {
      const rounds = 2;
      const story = endShellOnMachine(subject, { victims: "nx", rounds, seed: 3n, harts: 4 }, isHostile);
      expect(story).toMatchObject({ ends: WARM_UP_ROUNDS + rounds, problem: undefined });
    },
    TIMEOUT_MS,
  );
});

describe("a person who ends the shell", () => {
  const plan = { victims: "nx", rounds: 1, seed: 1n, harts: 1 };

  test("tells what did not come", () => {
    const person = new ShellEnder(plan);
    expect(person.hear("nx: shell (help)\r\nnx> ", 1)).toBe("kill nx 7\r\r");
    expect(person.hear("nexus-init: nx ended: it was killed; started again in 50 ms\r\n", 8)).toBe("");
    expect(person.hear("nx: shell (help)\r\nnx> ", 60)).toBe("");
    expect(person.hear("", 259)).toBe("");
    expect(person.hear("", 260)).toBe("cat fixtures/hello.txt\r");
    expect(person.hear("Hello from another file system.\r\nnx> ", 270)).toBe("");
    expect(person.isDone).toBe(false);
    expect(person.story).toEqual({ ends: 1, longest: 2, problem: "it did not come to its end" });
  });

  test("compares memory before and after", () => {
    const person = new ShellEnder(plan);
    let pages = 100;
    let typed = person.hear("nx> ", 0);
    for (let at = 0; !person.isDone; at += 2_000) {
      pages += typed.startsWith("jobs") ? 1 : 0;
      typed = person.hear(
        typed.startsWith("jobs")
          ? `0 (all)  -  ${pages}/64210\n 3 packagefsd\n`
          : "nx: shell (\nHello from the package file system.\r\n",
        at,
      );
    }
    expect(person.story.problem).toBe("101 pages were in use before, 102 after");
  });
});
