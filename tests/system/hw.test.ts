// ./nx hw on both machines: the guest's answers, and the checksum of the disk against the one that the host computes.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { anything, readJson } from "../../host/json.ts";
import { root } from "../../host/root.ts";
import { BOOT_TIMEOUT_MS, buildOnce, hasQemu, pkgfsImage } from "./harness/machine.ts";

describe.skipIf(!hasQemu)("hw asks the guest, on QEMU (qemu-system-riscv64 is installed)", () =>
  answers("qemu", "OpenSBI"),
);
describe("hw asks the guest, on the embedded machine", () => answers("embedded", "other"));

function answers(machine: string, firmware: string): void {
  const nx = async (...words: string[]): Promise<unknown> => {
    await buildOnce();
    const line = [...words, "--machine", machine, "--json"];
    const answer = execFileSync(join(root, "nx"), line, { cwd: root, encoding: "utf8" });
    return readJson(answer, "the answer", anything);
  };
  const hw = async (...words: string[]): Promise<unknown> => await nx("hw", ...words);

  test.each([1, 4])(
    "hw smp --json lists %i harts",
    async (smp) => {
      const answer = await hw("smp", "--smp", String(smp));
      const harts = Array.from({ length: smp }, (_, hart) =>
        expect.objectContaining({ hart, hartid: expect.any(Number), ticks: expect.any(Number) }),
      );
      expect(answer).toEqual({ online: smp, harts });
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "hw vblk info --json agrees with the file",
    async () => {
      const answer = await hw("vblk", "info");
      const bytes = readFileSync(pkgfsImage);
      const first = bytes.subarray(0, 4096);
      expect(answer).toEqual({
        sectors: statSync(pkgfsImage).size / 512,
        sectorSize: 512,
        blockSize: 512,
        readOnly: true,
        firstBytes: 4096,
        checksum: `sha256:${createHash("sha256").update(first).digest("hex")}`,
      });
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "hw dt --json has the tree of this run's machine, in which missing harts are disabled",
    async () => {
      const nodes = await hw("dt", "--smp", "2");
      expect(nodes).toEqual(
        expect.arrayContaining([
          { node: "/cpus/cpu@1", compatible: "riscv", reg: "0x1", irq: null, status: "okay" },
          { node: "/cpus/cpu@2", compatible: "riscv", reg: "0x2", irq: null, status: "disabled" },
          expect.objectContaining({ node: "/soc/serial@10000000", compatible: "ns16550a", irq: "10" }),
        ]),
      );
    },
    BOOT_TIMEOUT_MS,
  );

  test.each([
    ["with Sstc", [], 1],
    ["without Sstc", ["--no-sstc"], 0],
  ])(
    "hw sbi --json names the firmware, %s",
    async (_, words, sstc) => {
      const answer = await hw("sbi", ...words);
      expect(answer).toEqual({
        version: expect.stringMatching(/^\d+\.\d+$/),
        firmware,
        firmwareVersion: expect.stringMatching(/^0x[0-9a-f]+$/),
        extensions: expect.stringContaining("hsm"),
        sstc,
        sswi: 0,
      });
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "hw irq --json has the disk's interrupt and the console's, each with its driver",
    async () => {
      expect(await hw("irq")).toEqual([
        expect.objectContaining({ irq: 1, name: "virtioblkd", count: expect.any(Number) }),
        expect.objectContaining({ irq: 10, name: "consoled" }),
      ]);
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "ps --json lists the tasks, and audit --json what has happened so far",
    async () => {
      const tasks = await nx("ps");
      expect(tasks).toEqual(
        ["nexus-init", "consoled", "virtioblkd", "packagefsd", "nx"].map((name) =>
          expect.objectContaining({ name, state: "alive" }),
        ),
      );
      const records = await nx("audit", "--smp", "2");
      expect(records).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ kind: "hart-started", word0: "0x0" }),
          expect.objectContaining({ kind: "hart-started", word0: "0x1" }),
        ]),
      );
    },
    BOOT_TIMEOUT_MS,
  );
}
