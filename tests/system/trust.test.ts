// Whose image is mounted, on the machine: an image without a signature that this build trusts is refused. What the
// reader refuses byte by byte is in tests/libs/pkgimg/trust.test.ts.

import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { keyFromPem } from "../../host/pkgimg/keys.ts";
import { imageDigest, signSuperblock } from "../../host/pkgimg/sign.ts";
import { root } from "../../host/root.ts";
import { type BuildOutputs, build } from "../../toolchain/compile.ts";
import { defined } from "../harness/defined.ts";
import { onEachMachine } from "./harness/each-machine.ts";
import { BOOT_TIMEOUT_MS, buildOnce, explain, pkgfsImage } from "./harness/machine.ts";

const scratch = mkdtempSync(join(tmpdir(), "neuron-trust-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const SIGNATURE_KIND = 256;
const SIGNATURE = 296;
const SIGNATURE_END = 360;

/** This build's image, changed. */
async function imageWith(name: string, change: (image: Uint8Array) => void): Promise<string> {
  await buildOnce();
  const image = new Uint8Array(readFileSync(pkgfsImage));
  change(image);
  const file = join(scratch, `${name}.img`);
  writeFileSync(file, image);
  return file;
}

function signByStranger(image: Uint8Array): void {
  const { privateKey } = generateKeyPairSync("ed25519");
  const key = keyFromPem(privateKey.export({ format: "pem", type: "pkcs8" }).toString());
  if (!key) {
    throw new Error("node:crypto made no key");
  }
  signSuperblock(image, key);
}

/** The build that trusts its own image by digest. */
let trusted: Promise<BuildOutputs> | undefined;
function trustedBuild(): Promise<BuildOutputs> {
  const progress = { start: () => () => {}, note: () => {} };
  trusted ??= build({ profile: "bringup", trust: "build", progress });
  return trusted;
}

/** What packagefsd says. */
const pkgfsLines = (lines: readonly string[]): string[] => lines.filter((line) => line.startsWith("pkgfs:"));

onEachMachine("the disk's image", (boot) => {
  const changes: [name: string, change: (image: Uint8Array) => void, reason: string][] = [
    ["unsigned", (image) => image.fill(0, SIGNATURE_KIND, SIGNATURE_END), "not signed"],
    ["a-strangers", signByStranger, "signed by a key that is not trusted"],
    [
      "one-bit",
      (image) => {
        image[SIGNATURE] = defined(image[SIGNATURE]) ^ 1;
      },
      "signature does not verify",
    ],
  ];
  test.each(changes)(
    "%s: the image is refused, and no file of it is served",
    async (name, change, reason) => {
      const report = await boot({ disk: await imageWith(name, change), smp: 2, timeoutSeconds: 60 });
      expect(report.ok).toBe(false);
      expect(report.panic).toBeUndefined();
      expect(pkgfsLines(report.lines), explain(report)).toContain(
        `pkgfs: image refused: ${reason} at block 0 of mmio=0x10001000`,
      );
      expect(report.lines.join("\n")).not.toContain("pkgfs: mounted");
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "a trusted build mounts its own image, says so, and refuses the same image signed",
    async () => {
      const outputs = await trustedBuild();
      const disk = join(root, outputs.packageImage);
      const digest = imageDigest(readFileSync(disk));
      const report = await boot({ disk, smp: 2 }, trustedBuild());
      expect(report.ok, explain(report)).toBe(true);
      expect(pkgfsLines(report.lines)).toEqual([
        "pkgfs: mounted from virtio-blk ro",
        `pkgfs: trusted build ${digest.slice(0, 16)}`,
      ]);

      await buildOnce();
      expect(imageDigest(readFileSync(pkgfsImage))).toBe(digest);
      const signed = await boot({ disk: pkgfsImage, smp: 2, timeoutSeconds: 60 }, trustedBuild());
      expect(signed.ok).toBe(false);
      expect(pkgfsLines(signed.lines)).toContain(
        "pkgfs: image refused: signed, but the image of this build is not at block 0 of mmio=0x10001000",
      );
    },
    BOOT_TIMEOUT_MS,
  );
});
