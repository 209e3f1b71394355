// ./nx new app and ./nx remove, in a copy of the repository: what is made builds, runs, passes its test and the checks, and
// is gone without a trace.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyRepository } from "../../../bench/build/copy.ts";
import { root } from "../../../host/root.ts";

const LIMIT_MS = 300_000;
const TABLE = "toolchain/programs.ts";
const MADE = ["source/apps/sixteen-letters0/main.ts", "tests/apps/sixteen-letters0.test.ts"];
/** What a test and the checks need beside a build. */
const MORE = [
  ...["tests", "playground", ".gitignore", "biome.json", "vitest.config.ts"],
  ...["tsconfig.json", "tsconfig.guest.json", "tsconfig.host.json", "tsconfig.playground.json"],
];

let copy: ReturnType<typeof copyRepository>;
beforeAll(() => {
  copy = copyRepository("neuron-new-test-");
  for (const path of MORE) {
    cpSync(join(root, path), join(copy.folder, path), { recursive: true });
  }
}, LIMIT_MS);
afterAll(() => copy.remove());

function run(program: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(join(copy.folder, program), args, { cwd: copy.folder, encoding: "utf8" });
}

const textOf = (folder: string, file: string): string => readFileSync(join(folder, file), "utf8");

test(
  "a new program runs, passes its test and the checks, and can be removed",
  () => {
    expect(run("nx", "new", "app", "sixteen-letters0")).toMatchObject({ status: 0, stderr: "" });
    expect(run("nx", "run", "sixteen-letters0", "all of you")).toMatchObject({
      status: 0,
      stdout: "Hello, all of you!\n",
    });
    expect(run("node_modules/.bin/vitest", "run", MADE[1] ?? "")).toMatchObject({ status: 0 });
    expect(run("node_modules/.bin/biome", "check", TABLE, ...MADE)).toMatchObject({ status: 0 });
    expect(run("node_modules/.bin/tsc", "-p", "tsconfig.guest.json")).toMatchObject({
      status: 0,
      stdout: "",
    });

    const taken = run("nx", "new", "app", "sixteen-letters0");
    expect([taken.status, taken.stderr]).toEqual([
      2,
      expect.stringMatching(/^nx: there is a program "sixteen-letters0" already\ntry: choose another name; /),
    ]);

    expect(run("nx", "remove", "sixteen-letters0")).toMatchObject({ status: 0, stderr: "" });
    expect(textOf(copy.folder, TABLE)).toBe(textOf(root, TABLE));
    for (const path of [...MADE, "source/apps/sixteen-letters0"]) {
      expect([path, existsSync(join(copy.folder, path))]).toEqual([path, false]);
    }
  },
  LIMIT_MS,
);

test.each([
  [
    ["new", "app", "Hello"],
    /^nx: "Hello" cannot be the name of a program\ntry: use 1 to 16 of a-z, 0-9 and '-'/,
  ],
  [["new", "app", "seventeen-letters"], /^nx: "seventeen-letters" cannot be/],
  [["new", "app", "../nx"], /^nx: "\.\.\/nx" cannot be/],
  [["new", "app", "nx"], /^nx: there is a program "nx" already\ntry: choose another name/],
  [["remove", "nx"], /^nx: "nx" was not made by \.\/nx new\ntry: remove it by hand/],
  [["remove", "no-such"], /^nx: there is no program "no-such"\ntry: /],
])("%j ends with 2, what is wrong and what to do", (words, says) => {
  const { status, stderr } = run("nx", ...words);
  expect([status, stderr]).toEqual([2, expect.stringMatching(says)]);
});
