// ./nx test --riscv-tests on a folder with files that are no programs: each counts as a failure, and the others are run.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../../host/root.ts";

test("every file has a line, and the last line counts them", () => {
  const folder = mkdtempSync(join(tmpdir(), "riscv-tests-"));
  try {
    const program = readFileSync(join(root, "nx"));
    writeFileSync(join(folder, "a"), program);
    writeFileSync(join(folder, "b"), "");
    const elf = Buffer.alloc(100);
    elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
    elf.writeUInt16LE(9, 60);
    writeFileSync(join(folder, "c"), elf);
    const run = spawnSync(join(root, "nx"), ["test", "--riscv-tests", folder], { encoding: "utf8" });
    expect([run.status, run.stdout.split("\n")]).toEqual([
      1,
      [
        "FAIL  a: a is not an ELF file that can be read: the magic number is missing",
        "FAIL  b: b is not an ELF file that can be read: it is cut off",
        "FAIL  c: c is not an ELF file that can be read: it is cut off",
        "0 passed, 3 failed",
        "",
      ],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
