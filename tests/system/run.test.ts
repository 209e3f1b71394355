// ./nx run as a script calls it: a program's output, its exit code and its standard input, and nothing else.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../host/root.ts";
import { BOOT_TIMEOUT_MS, hasQemu } from "./harness/machine.ts";

interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

function nx(words: readonly string[], input = ""): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(root, "nx"), ["run", ...words], { cwd: "/" });
    const ran: Ran = { code: null, stdout: "", stderr: "" };
    child.stdout.on("data", (bytes) => {
      ran.stdout += String(bytes);
    });
    child.stderr.on("data", (bytes) => {
      ran.stderr += String(bytes);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ ...ran, code }));
    // A program that reads nothing leaves the pipe closed.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

/** Messages of the build may be on standard error; the last line is the run's own. */
const lastLine = (text: string): string | undefined => text.trimEnd().split("\n").at(-1);

function tests(...options: readonly string[]): void {
  test(
    "prints what the program prints and nothing else, although the kernel prints at the same time",
    async () => {
      const ran = await nx([...options, "nx", "ls", "fixtures/nested"]);
      expect(ran).toMatchObject({ code: 0, stdout: expect.stringMatching(/^(nx: kind=.*\n)+nx: end\n$/) });
      expect(ran.stderr).not.toContain("neuron: ");
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "prints a file byte for byte",
    async () => {
      const ran = await nx([...options, "cat", "fixtures/lines.txt"]);
      expect(ran.code).toBe(0);
      expect(ran.stdout).toBe(readFileSync(join(root, "pkg/fixtures/lines.txt"), "utf8"));
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "types standard input, line by line, and its end",
    async () => {
      const ran = await nx([...options, "nx"], "cat fixtures/hello.txt\nls fixtures/nested\n");
      expect(ran.code).toBe(0);
      expect(ran.stdout).toContain("\nHello from the package file system.\n");
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "ends with the program's code, and --verbose has the rest of the console on standard error",
    async () => {
      const ran = await nx([...options, "--verbose", "nx", "cat", "nowhere"]);
      expect(ran).toMatchObject({ code: 1, stdout: "nx: pkg://nowhere: notFound\n" });
      expect(ran.stderr).toContain("pkgfs: mounted from virtio-blk ro\n");
      expect(ran.stderr).toContain("nexus-init: nx ended: exit code 1(Failed)\n");
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "ends with 1 and says what happened if the program faults",
    async () => {
      const ran = await nx([...options, "fault-probe", "load-null"]);
      expect(ran.code).toBe(1);
      expect(lastLine(ran.stderr)).toMatch(/^nx: fault-probe ended: it read where it may not, at 0x/);
    },
    BOOT_TIMEOUT_MS,
  );
}

describe("on the embedded machine", () => tests());
describe.skipIf(!hasQemu)("on QEMU (qemu-system-riscv64 is installed)", () => tests("--machine", "qemu"));

test("a program that there is not ends with 2, and the programs that there are", async () => {
  const { code, stderr } = await nx(["no-such"]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^nx: there is no program "no-such"; there are .*\ntry: /);
});
