// The bootstrap: bundles host code when its content has changed, and says in plain words when it cannot.

import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { object, readJson, text } from "../../../host/json.ts";
import { root } from "../../../host/root.ts";
import { SHARED_FOLDER, sharedSources } from "../../../toolchain/shared/make.ts";

let checkout: string;

function put(path: string, text: string): void {
  writeFileSync(join(checkout, path), text);
}

function run(): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(join(checkout, "nx"), ["one", "two"], { cwd: "/", encoding: "utf8" });
}

/** The name of the bundle that is current. */
function bundleName(): string {
  const stamp = readFileSync(join(checkout, "build/host/stamp.json"), "utf8");
  return readJson(stamp, "the stamp", object({ name: text })).name;
}

beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), "launch-"));
  mkdirSync(join(checkout, "tools/nx"), { recursive: true });
  for (const folder of ["host", "toolchain"]) {
    mkdirSync(join(checkout, folder));
  }
  for (const path of ["toolchain/shared", "host/problem.ts", "host/known-hashes.js", "machine/core"]) {
    cpSync(join(root, path), join(checkout, path), { recursive: true });
  }
  for (const path of sharedSources) {
    mkdirSync(join(checkout, dirname(path)), { recursive: true });
    cpSync(join(root, path), join(checkout, path));
  }
  for (const path of [
    "nx",
    "tools/nx/launch.js",
    "tools/nx/stacks.js",
    "package.json",
    "package-lock.json",
  ]) {
    cpSync(join(root, path), join(checkout, path));
  }
  symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
  put("tools/nx/word.ts", `export const word: string = "first";\n`);
  put(
    "tools/nx/main.ts",
    `import { word } from "./word.ts";\nconsole.log(word, process.argv.slice(2).join());\n`,
  );
});

afterAll(() => rmSync(checkout, { recursive: true }));

test("runs the command line with its arguments, from any folder", () => {
  expect(run()).toMatchObject({ status: 0, stdout: "first one,two\n", stderr: "" });
});

test("keeps the bundle while contents stay, even if time stamps change", () => {
  const before = bundleName();
  utimesSync(join(checkout, "tools/nx/word.ts"), 1, 1);
  expect(run().status).toBe(0);
  expect(bundleName()).toBe(before);
});

test("makes a new bundle when a file that is imported changes", () => {
  put("tools/nx/word.ts", `export const word: string = "second";\n`);
  expect(run().stdout).toBe("second one,two\n");
});

test.each(["", "{", "null", '{"name": 5}', '{"name": "none", "inputs": "x"}'])(
  "makes a new bundle when its record of the last one is damaged: %j",
  (text) => {
    put("build/host/stamp.json", text);
    expect(run()).toMatchObject({ status: 0, stdout: "second one,two\n", stderr: "" });
  },
);

test("makes the host's copy of the guest's numbers, and makes it again when the guest's source changes", () => {
  const source = "source/abi/exit.ts";
  put(
    "tools/nx/main.ts",
    `import { ExitCode } from "../../${SHARED_FOLDER}/${source}";\nconsole.log(ExitCode.Failed);\n`,
  );
  expect(run().stdout).toBe("1\n");
  const text = readFileSync(join(checkout, source), "utf8");
  put(source, text.replace("Failed = 1,", "Failed = 11,"));
  expect(run().stdout).toBe("11\n");
  put(source, text.replace("Failed = 1,", "Failed = Done + 1,"));
  expect(run()).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(
      /^nx: source\/abi\/exit\.ts:\d+: "Failed = Done \+ 1" [^\n]*\n {4}[^\n]*\n$/,
    ),
  });
  put(source, text);
  rmSync(join(checkout, SHARED_FOLDER), { recursive: true });
  expect(run().stdout).toBe("1\n");
});

test("says file and line when the host code does not build, and ends with 1", () => {
  put("tools/nx/main.ts", `import { word } from "./nowhere.ts";\nconsole.log(word);\n`);
  const { status, stderr } = run();
  expect(status).toBe(1);
  expect(stderr).toContain("nx: the host code does not build.");
  expect(stderr).toContain("tools/nx/main.ts:1");
});

test("says so when it cannot write to build/", () => {
  rmSync(join(checkout, "build"), { recursive: true });
  put("build", "a file");
  const { status, stderr } = run();
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^nx: .*\n {4}build\/ and node_modules\/ [^\n]*\n$/),
  ]);
  rmSync(join(checkout, "build"));
});

test("says which Node it needs when there is none", () => {
  const { status, stderr } = spawnSync("/bin/sh", [join(checkout, "nx")], {
    env: { PATH: "/nowhere" },
    encoding: "utf8",
  });
  expect(status).toBe(1);
  expect(stderr).toContain("Node.js is not installed (20 or newer is needed)");
  expect(stderr).toContain("https://nodejs.org");
});
