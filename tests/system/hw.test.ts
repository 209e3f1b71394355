// ./nx hw on QEMU: the guest's answers, and the checksum of the disk against the one that the host computes.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../toolchain/root.ts";
import { BOOT_TIMEOUT_MS, buildOnce, hasQemu, pkgfsImage } from "./machine.ts";

async function hw(...words: string[]): Promise<unknown> {
  await buildOnce();
  return JSON.parse(
    execFileSync(join(root, "nx"), ["hw", ...words, "--json"], { cwd: root, encoding: "utf8" }),
  );
}

describe.skipIf(!hasQemu)("hw asks the guest (qemu-system-riscv64 is installed)", () => {
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
        readOnly: true,
        firstBytes: 4096,
        checksum: `sha256:${createHash("sha256").update(first).digest("hex")}`,
      });
    },
    BOOT_TIMEOUT_MS,
  );
});
