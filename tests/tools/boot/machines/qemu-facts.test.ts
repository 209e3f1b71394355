// A QEMU that Neuron does not boot on is told before anything is booted: which one is needed, and what to do.

import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatProblem } from "../../../../host/print-problem.ts";
import { paintFor } from "../../../../host/report.ts";
import { root } from "../../../../host/root.ts";
import { qemuMachine } from "../../../../tools/boot/machines/qemu.ts";
import { qemuProblem } from "../../../../tools/boot/machines/qemu-facts.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "neuron-qemu-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A program that answers like a QEMU of this version with these machines, and counts how often it was asked. */
function program(name: string, version: string, machines = "virt   RISC-V VirtIO board"): string {
  return script(
    name,
    `echo x >> ${folder}/${name}.asked
case "$1" in
  --version) echo "${version}" ;;
  *) echo "Supported machines are:"; echo "${machines}" ;;
esac`,
  );
}

function script(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

async function verdict(file: string): Promise<string> {
  const problem = await qemuProblem(file);
  return problem === undefined ? "it can be used" : formatProblem(problem, paintFor({}));
}

const from = (version: string): string => `QEMU emulator version ${version}`;

describe("a QEMU", () => {
  test.each([
    "7.2.0",
    "7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)",
    "8.0.0",
    "10.1.2",
    "9.2.50 (v9.2.0-rc1-dirty)",
  ])("%s can be used", async (version) => {
    expect(await verdict(program(`good-${version.length}`, from(version)))).toBe("it can be used");
  });

  test.each(["7.1.0", "6.2.0 (Debian 1:6.2)", "2.11.1"])("%s is too old", async (version) => {
    const file = program(`old-${version.length}`, from(version));
    const words = version.split(".").slice(0, 2).join(".");
    expect(await verdict(file)).toBe(
      `nx: ${file} is QEMU ${words}, and 7.2 or newer is needed\n` +
        "try: install another one (qemu-system-misc), or set NEURON_QEMU to it",
    );
  });

  test("without the machine virt is refused, and so is another program, with its output", async () => {
    const other = program("other", from("8.0.0"), "spike   RISC-V Spike board\nvirt-2  no such");
    expect(await verdict(other)).toContain("has no machine `virt`, and Neuron runs on that one\n  | ");
    expect(await verdict(program("cat", "cat (GNU coreutils) 9.1"))).toContain(
      "does not report that it is QEMU",
    );
  });

  test("that does not run is refused, with the reason", async () => {
    const broken = script("broken", "echo 'error while loading shared libraries: libfdt.so.1' >&2; exit 127");
    expect(await verdict(broken)).toBe(
      `nx: ${broken} cannot be run (status 127), and QEMU 7.2 or newer is needed\n` +
        "  | error while loading shared libraries: libfdt.so.1\n" +
        "try: install another one (qemu-system-misc), or set NEURON_QEMU to it",
    );
    expect(await verdict(script("crash", "kill -SEGV $$"))).toContain("cannot be run (SIGSEGV)");
    expect(await verdict(folder)).toContain("cannot be run (EACCES)");
  });

  test("is asked for its version once in a process, and not started if it cannot be used", async () => {
    const file = program("once", from("1.0"));
    const options = { kernel: "k", tree: undefined, smp: 1, memoryMebibytes: 256, sstc: true, aclint: false };
    for (let tries = 0; tries < 2; tries += 1) {
      await expect(qemuMachine(file).start({ ...options, disk: undefined }, () => {})).rejects.toThrow(
        "7.2 or newer",
      );
    }
    expect(readFileSync(join(folder, "once.asked"), "utf8")).toBe("x\nx\n");
  });
});

describe("./nx boot with a QEMU that cannot be used", () => {
  const nx = (...words: string[]) =>
    spawnSync(join(root, "nx"), ["boot", ...words], {
      encoding: "utf8",
      env: { ...process.env, NEURON_QEMU: program("for-nx", from("5.2.0")) },
    });

  test("says so with --machine qemu, and names the embedded machine", () => {
    const { status, stdout, stderr } = nx("--machine", "qemu");
    expect([status, stdout, stderr]).toEqual([
      1,
      "",
      expect.stringMatching(/^nx: \S+ is QEMU 5\.2, and 7\.2 or newer is needed\n(try: [^\n]+\n)+$/),
    ]);
    expect(stderr).toContain("--machine embedded");
  });

  test("boots on the embedded machine without --machine, and says why", () => {
    const { status, stderr } = nx();
    expect([status, stderr]).toEqual([
      0,
      expect.stringContaining("is QEMU 5.2, and 7.2 or newer is needed: booting on the embedded machine"),
    ]);
  });
});
