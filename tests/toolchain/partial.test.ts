// A build of only some programs, in a checkout of its own: what it makes carries nothing that is missing or old.

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../../host/root.ts";

const copied = ["bench", "keys", "machine", "nx", "package-lock.json", "package.json", "pkg", "source"];
/** Of the build, so that only what a test takes away is made again. */
const built = ["gen", "obj", "tasks", "wasm", "bundle.img", "fixtures.img", "neuron.elf", "stamps.json"];

let checkout: string;

function path(name: string): string {
  return join(checkout, name);
}

function build(...names: string[]): { status: number | null; stderr: string } {
  return buildWith({}, ...names);
}

function buildWith(
  variables: Readonly<Record<string, string>>,
  ...names: string[]
): { status: number | null; stderr: string } {
  const env = { ...process.env, ...variables };
  return spawnSync(path("nx"), ["build", ...names], { cwd: "/", encoding: "utf8", env });
}

beforeAll(() => {
  checkout = mkdtempSync(join(tmpdir(), "partial-"));
  for (const name of [...copied, "host", "toolchain", "tools", "tsconfig.guest.json", "tsconfig.json"]) {
    cpSync(join(root, name), path(name), { recursive: true });
  }
  for (const name of built) {
    // On a checkout that was never built there is nothing to copy, and the first test takes longer.
    const from = join(root, "build", name);
    if (existsSync(from)) {
      cpSync(from, path(`build/${name}`), { recursive: true });
    }
  }
  symlinkSync(join(root, "node_modules"), path("node_modules"));
});

afterAll(() => rmSync(checkout, { recursive: true }));

test("a build of the kernel alone also builds the programs inside its image", () => {
  for (const name of ["selftest-client", "consoled"]) {
    rmSync(path(`build/tasks/${name}`), { force: true });
  }
  rmSync(path("build/fixtures.img"), { force: true });
  const { status, stderr } = build("neuron");
  expect([status, stderr]).toEqual([0, expect.stringContaining("selftest-client: link")]);
  const carried = readFileSync(path("build/tasks/selftest-client"));
  expect(readFileSync(path("build/neuron.elf")).includes(carried.subarray(0, 4096))).toBe(true);
});

test("a build of the kernel alone embeds a changed program in its new form", () => {
  const text = "a sentence that no program had before";
  const main = path("source/services/consoled/main.ts");
  writeFileSync(
    main,
    `${readFileSync(main, "utf8")}\nexport function said(): string { return "${text}"; }\n`,
  );
  const before = readFileSync(path("build/bundle.img"));
  expect(build("neuron").status).toBe(0);
  expect(readFileSync(path("build/bundle.img")).equals(before)).toBe(false);
});

test("a build of one program alone builds nothing else", () => {
  for (const name of ["nx", "consoled"]) {
    rmSync(path(`build/tasks/${name}`));
  }
  const { status, stderr } = build("nx");
  expect([status, stderr.match(/\S+: (?:link|asc|clang)/g)]).toEqual([0, ["nx: link"]]);
});

test.each([
  ["NEURON_CLANG", "/nonexistent", "it does not run"],
  ["NEURON_LLD", "/bin/false", "it does not run"],
])("%s=%s is refused before the build begins", (variable, file, why) => {
  const { status, stderr } = buildWith({ [variable]: file });
  expect([status, stderr]).toEqual([
    2,
    expect.stringMatching(
      new RegExp(`^nx: ${variable}=${file} is no \\S+ of LLVM 16 or newer: ${why}\ntry: .*\n$`),
    ),
  ]);
});

test("a clang that always fails is reported once, without a stack", () => {
  const clang = path("clang");
  writeFileSync(
    clang,
    '#!/bin/sh\n[ "$1" = --version ] && echo "clang version 18.1.0" && exit 0\necho "no room" >&2; exit 1\n',
  );
  chmodSync(clang, 0o755);
  const { status, stderr } = buildWith({ NEURON_CLANG: clang });
  expect([status, stderr]).toEqual([
    1,
    expect.stringContaining("nx: clang failed (status 1)\n  | no room\n"),
  ]);
  expect(stderr).not.toMatch(/Node\.js v|^ +at /m);
});
