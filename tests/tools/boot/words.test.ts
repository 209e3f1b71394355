// The words of ./nx boot: what they mean, and that a wrong one is told before anything runs.

import { execFileSync, spawnSync } from "node:child_process";
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { addMachineOptions } from "../../../tools/boot/options.ts";
import type { MachineWords } from "../../../tools/boot/words.ts";

function parse(...args: string[]): MachineWords {
  const command = addMachineOptions(new Command("boot"))
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  command.parse(args, { from: "user" });
  return command.opts();
}

describe("words", () => {
  test("that are left out mean four harts, the build's disk in slot 0, and QEMU if it is there", () => {
    expect(parse()).toMatchObject({ smp: 4, disk: true, sstc: true, timeout: 120 });
    expect(parse().machine).toBeUndefined();
  });

  test("set their options", () => {
    expect(parse("--smp", "2", "--no-disk", "--no-sstc", "--aclint", "--zbb", "--json")).toMatchObject({
      smp: 2,
      disk: false,
      sstc: false,
      aclint: true,
      zbb: true,
      json: true,
    });
    expect(parse("--disk", "my.img", "--slot", "last", "--legacy")).toMatchObject({
      disk: "my.img",
      slot: "last",
      legacy: true,
    });
  });

  test("a seed has 64 bits", () => {
    expect(parse("--seed", "18446744073709551615").seed).toBe(2n ** 64n - 1n);
    expect(() => parse("--seed", "18446744073709551616")).toThrow("a whole number below 2^64 is needed");
  });

  test("SMP= in the environment stands for --smp, which overrides it", () => {
    process.env.SMP = "3";
    try {
      expect(parse().smp).toBe(3);
      expect(parse("--smp", "1").smp).toBe(1);
    } finally {
      delete process.env.SMP;
    }
  });

  test.each([
    [["--smp", "0"], "a whole number from 1 to 4 is needed"],
    [["--smp", "5"], "a whole number from 1 to 4 is needed"],
    [["--smp", "two"], "a whole number from 1 to 4 is needed"],
    [["--slot", "8"], "a slot from 0 to 7, or last, is needed"],
    [["--timeout", "0"], "a whole number from 1 to 3600 is needed"],
    [["--machine", "real"], "Allowed choices are qemu, embedded"],
    [["--harts", "2"], "unknown option '--harts'"],
  ])("%j is refused", (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});

test("a debugger's port is a number from 0 to 65535", () => {
  const refused = (port: string): string =>
    spawnSync("./nx", ["boot", "--gdb", port], { encoding: "utf8" }).stderr;
  for (const port of ["65536", "-1", "any"]) {
    expect(refused(port)).toContain("a whole number from 0 to 65535 is needed");
  }
});

describe("the scripts", () => {
  test.each(["scripts/qemu-test.sh", "scripts/run-qemu-rv64.sh"])("%s calls ./nx boot", (script) => {
    expect(execFileSync(script, ["--help"], { encoding: "utf8" })).toContain("Usage: nx boot");
    const refused = spawnSync(script, [], { encoding: "utf8", env: { ...process.env, SMP: "9" } });
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("a whole number from 1 to 4 is needed");
  });
});
