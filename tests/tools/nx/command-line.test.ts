// The command line from outside: ./nx as a person calls it.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../../host/root.ts";
import { defined } from "../../harness/defined.ts";

function nx(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(join(root, "nx"), args, { cwd: "/", encoding: "utf8" });
}

test("--help lists every command, and every command has its own", () => {
  const { status, stdout } = nx("--help");
  expect(status).toBe(0);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)]
    .map(([, name]) => defined(name))
    .filter((name) => name !== "help");
  expect(commands).toEqual(expect.arrayContaining(["build", "test"]));
  for (const command of commands) {
    const help = nx(command, "--help");
    expect([command, help.status, help.stdout.startsWith(`Usage: nx ${command}`)]).toEqual([
      command,
      0,
      true,
    ]);
  }
});

test("an unknown command ends with 2, and names the nearest command", () => {
  const { status, stderr } = nx("biuld");
  expect(status).toBe(2);
  expect(stderr).toContain("unknown command 'biuld'");
  expect(stderr).toContain("Did you mean build?");
});

test("an unknown option and a wrong value end with 2", () => {
  expect(nx("build", "--profil").status).toBe(2);
  const wrong = nx("build", "--profile", "debug");
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toContain("bringup, production");
});

test.each([["hw"], ["hw", "vblk"], ["image"]])(
  "%s %s without its subcommand shows the help and ends with 2",
  (...words) => {
    const { status, stdout, stderr } = nx(...words);
    expect([status, stdout, stderr]).toEqual([
      2,
      "",
      expect.stringContaining(`Usage: nx ${words.join(" ")}`),
    ]);
    expect(nx(...words, "--help")).toMatchObject({ status: 0, stderr: "" });
  },
);

test.each([
  [["--where", "x"], "--where is only for bench kernel"],
  [["--profile", "bringup"], "--profile is only for bench kernel"],
])("bench machine %j is refused before anything is measured", (words, says) => {
  const { status, stdout, stderr } = nx("bench", "machine", ...words);
  expect([status, stdout, stderr]).toEqual([2, "", `nx: ${says}\ntry: leave it out\n`]);
});

test("bench refuses an unknown part, and a picture that cannot be written, before anything is measured", () => {
  const hint = "try: one of kernel, code, machine, disk, reliability, build\n";
  expect(nx("bench", "kernl")).toMatchObject({ status: 2, stderr: `nx: there is no bench kernl\n${hint}` });
  const { status, stdout, stderr } = nx("bench", "--svg", "/nowhere/bench.svg");
  expect([status, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("--svg /nowhere/bench.svg cannot be written");
});

test("no command at all shows the help and ends with 2", () => {
  const { status, stderr } = nx();
  expect(status).toBe(2);
  expect(stderr).toContain("Usage: nx <command>");
});
