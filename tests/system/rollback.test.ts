// A disk that goes back: while packagefsd is started again, an older image that the same key has signed takes the place
// of the one that was mounted. And a build that refuses images older than the release that it belongs to.

import { spawnSync } from "node:child_process";
import { closeSync, copyFileSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { copyRepository } from "../../bench/build/copy.ts";
import { root } from "../../host/root.ts";
import { diskOfBytes } from "../../machine/host/machine.ts";
import { Run } from "../../machine/host/run.ts";
import { qemuMachine } from "../../tools/boot/machines/qemu.ts";
import { bootOnce } from "../../tools/boot/run.ts";
import { filesOf } from "../../tools/boot/session.ts";
import { defined } from "../harness/defined.ts";
import { bootEmbedded, buildOnce as buildAll } from "../machine/booting.ts";
import { largeImage } from "./harness/large-image.ts";
import { BOOT_TIMEOUT_MS, buildOnce, hasQemu, usualRequest } from "./harness/machine.ts";

const scratch = mkdtempSync(join(tmpdir(), "neuron-rollback-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const MOUNTED = "pkgfs: mounted from virtio-blk ro";
const OLDER =
  "pkgfs: image refused: older than one that was mounted before, or than this build accepts at block 0";
const RUN = "chaos packagefsd 2";
const BLOCK_BYTES = 4096;
/** A run takes less than a hundredth of this. */
const CLOCK_MAX = 200_000_000_000n;

/** The console of a run on a disk with one image, which becomes another one when the first is mounted. */
type Swap = (before: string, after: string) => Promise<readonly string[]>;

async function swapOnQemu(before: string, after: string): Promise<readonly string[]> {
  const disk = join(scratch, "swapped.img");
  copyFileSync(before, disk);
  // In one go: a mount that reads at this moment finds one image or the other.
  const replacement = onlyDifference(readFileSync(before), readFileSync(after));
  const request = { ...usualRequest, run: RUN, disk };
  const report = await bootOnce(qemuMachine(), filesOf(await buildOnce()), request, (line) => {
    if (line === MOUNTED) {
      // The same file, because QEMU has it open.
      const file = openSync(disk, "r+");
      writeSync(file, replacement.bytes, 0, replacement.bytes.length, replacement.at);
      closeSync(file);
    }
  });
  return report.lines;
}

/** Where two images of the same files differ: in their first block, which has sequence and signature. */
function onlyDifference(before: Buffer, after: Buffer): { at: number; bytes: Buffer } {
  expect(after.length).toBe(before.length);
  expect(after.subarray(BLOCK_BYTES).equals(before.subarray(BLOCK_BYTES))).toBe(true);
  return { at: 0, bytes: after.subarray(0, BLOCK_BYTES) };
}

async function swapOnMachine(before: string, after: string): Promise<readonly string[]> {
  const { wasm } = await buildAll();
  const { recording } = await bootEmbedded({ run: RUN, disk: before });
  const bytes = new Uint8Array(readFileSync(before));
  const settings = { ...recording.settings };
  const disk = defined(settings.disk);
  const run = new Run(await WebAssembly.compile(readFileSync(wasm)), {
    ...settings,
    disk: { ...disk, content: diskOfBytes(bytes) },
  });
  let text = "";
  run.onByte = (byte) => {
    text += String.fromCharCode(byte);
    if (text.endsWith(MOUNTED)) {
      bytes.set(readFileSync(after));
    }
    return false;
  };
  run.advanceTo(CLOCK_MAX);
  return text.split(/\r?\n/);
}

const machines: [name: string, swap: Swap, isThere: boolean][] = [
  ["on QEMU (qemu-system-riscv64 is installed)", swapOnQemu, hasQemu],
  ["on the embedded machine", swapOnMachine, true],
];

for (const [name, swap, isThere] of machines) {
  describe.skipIf(!isThere)(`a disk that is swapped while packagefsd is away, ${name}`, () => {
    test(
      "for an older image: it is refused in each next life",
      async () => {
        const lines = await swap(await largeImage(scratch, 5n), await largeImage(scratch, 4n));
        const console = lines.join("\n");
        // A busy host may swap the disk only after a later life has mounted it. Once it is swapped, no life does.
        const swapped = lines.findIndex((line) => line.startsWith(OLDER));
        expect(lines.indexOf(MOUNTED), console).toBeGreaterThanOrEqual(0);
        expect(lines.slice(Math.max(0, swapped)).includes(MOUNTED), console).toBe(false);
        expect(lines.filter((line) => line.startsWith(OLDER)).length, console).toBeGreaterThan(1);
        expect(lines.filter((line) => line.startsWith("chaos: ok"))).toEqual([]);
      },
      BOOT_TIMEOUT_MS,
    );

    test(
      "for a newer one: it is mounted, and every byte is right",
      async () => {
        const lines = await swap(await largeImage(scratch, 5n), await largeImage(scratch, 6n));
        const console = lines.join("\n");
        expect(lines.filter((line) => line === MOUNTED).length, console).toBeGreaterThan(2);
        expect(
          lines.filter((line) => line.startsWith("chaos: ok")),
          console,
        ).toHaveLength(1);
      },
      BOOT_TIMEOUT_MS,
    );
  });
}

describe("a build that says which image is the oldest", () => {
  test(
    "signs its own image so and mounts it, and refuses the one of the build before",
    async () => {
      await buildAll();
      const { folder, remove } = copyRepository("neuron-rollback-");
      const boot = (...more: string[]): { status: number | null; text: string } => {
        const args = ["boot", "--machine", "embedded", "--trust", "development@7", ...more];
        const { status, stdout, stderr } = spawnSync(join(folder, "nx"), args, {
          encoding: "utf8",
          timeout: BOOT_TIMEOUT_MS,
        });
        return { status, text: stdout + stderr };
      };
      try {
        const own = boot();
        expect(own.status, own.text).toBe(0);
        const before = boot("--disk", join(root, "build/pkgfs.img"));
        expect(before.status).not.toBe(0);
        expect(before.text).toContain(OLDER);
      } finally {
        remove();
      }
    },
    2 * BOOT_TIMEOUT_MS,
  );
});
