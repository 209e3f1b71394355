// The postflight script: runs all that it has to, says so in its last line, and stops at what fails. Here over an `nx` that
// only notes what it was asked; the real runs are tests/system.

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { root } from "../../host/root.ts";

const SCRIPT = "tools/postflight-bringup-rv_virt-v1_1.sh";
const folder = mkdtempSync(join(tmpdir(), "neuron-postflight-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the script beside an `nx` that fails where its words contain `failing`. */
function postflight(failing: string): { status: number | null; output: string; asked: string[] } {
  mkdirSync(join(folder, "tools"), { recursive: true });
  copyFileSync(join(root, SCRIPT), join(folder, SCRIPT));
  const asked = join(folder, "asked");
  writeFileSync(asked, "");
  const nx = `#!/bin/sh\necho "$*" >> "${asked}"\ncase "$*" in *"${failing}"*) echo broken; exit 1;; esac\n`;
  writeFileSync(join(folder, "nx"), nx);
  chmodSync(join(folder, "nx"), 0o755);
  const { status, stdout } = spawnSync("sh", [join(folder, SCRIPT)], { encoding: "utf8" });
  return { status, output: stdout, asked: readFileSync(asked, "utf8").trimEnd().split("\n") };
}

test("runs every number of harts with and without a disk, every variant, and the diagnostics", () => {
  const { status, output, asked } = postflight("nothing of the kind");
  expect(status).toBe(0);
  expect(output.trimEnd().split("\n").at(-1)).toBe("postflight: ok");
  for (const smp of [1, 2, 3, 4]) {
    expect(asked).toContain(`boot --machine qemu --smp ${smp}`);
    expect(asked).toContain(`boot --machine qemu --smp ${smp} --no-disk`);
  }
  for (const words of [
    "--legacy",
    "--no-sstc",
    "--aclint",
    "--profile production",
    "hw smp",
    "hw vblk info",
  ]) {
    expect(
      asked.filter((line) => line.includes(words)),
      words,
    ).not.toEqual([]);
  }
});

test("stops at the first run that fails, and shows its output", () => {
  const { status, output, asked } = postflight("--smp 3");
  expect(status).toBe(1);
  expect(output).toContain("FAILED  ./nx boot --machine qemu --smp 3");
  expect(output).toContain("broken");
  expect(output).not.toContain("postflight: ok");
  expect(asked.at(-1)).toBe("boot --machine qemu --smp 3");
});
