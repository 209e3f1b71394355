// A disk with one wrong byte: refused, with a line that says where. Three places: the superblock, the index, a blob.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { defined } from "../harness/defined.ts";
import { onEachMachine } from "./harness/each-machine.ts";
import { BOOT_TIMEOUT_MS, buildOnce, explain, pkgfsImage } from "./harness/machine.ts";

const scratch = mkdtempSync(join(tmpdir(), "neuron-damage-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** The line by which the guest refuses an image, or a file of it: who, what is wrong, and where. */
const REFUSAL = /^(pkgfs|nexus-init|SELFTEST): .*\bblock \d+/;

/** A copy of the image with the byte at `offset` inverted. */
async function damagedImage(offset: (image: Uint8Array) => number): Promise<string> {
  await buildOnce();
  const image = new Uint8Array(readFileSync(pkgfsImage));
  const at = offset(image);
  image[at] = defined(image[at]) ^ 0xff;
  const file = join(scratch, `damaged-${at}.img`);
  writeFileSync(file, image);
  return file;
}

/** Where the bytes of a file of pkg/ stand in the image. */
function blobOffset(image: Uint8Array, path: string): number {
  const content = readFileSync(path);
  const offset = Buffer.from(image).indexOf(content);
  if (offset < 0) {
    throw new Error(`the image does not hold ${path} as it is`);
  }
  return offset;
}

const places: [name: string, offset: (image: Uint8Array) => number][] = [
  ["the magic number", () => 0],
  ["a file that the self-tests read", (image) => blobOffset(image, "pkg/fixtures/hello.txt")],
  ["a path in the index", (image) => Buffer.from(image).indexOf("fixtures/hello.txt")],
];

onEachMachine("one wrong byte on the disk", (boot) => {
  test.each(places)(
    "in %s makes the self-tests fail, and a line says where it is",
    async (_name, offset) => {
      const report = await boot({ disk: await damagedImage(offset), smp: 2, timeoutSeconds: 60 });
      expect(report.ok).toBe(false);
      expect(report.panic).toBeUndefined();
      expect(report.lines.filter((line) => line === "SELFTEST: pkgfs virtio ro ok")).toEqual([]);
      const refusals = report.lines.filter((line) => REFUSAL.test(line));
      expect(refusals, explain(report)).not.toEqual([]);
    },
    BOOT_TIMEOUT_MS,
  );
});
