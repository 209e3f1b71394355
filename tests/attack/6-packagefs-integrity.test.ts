// "Nothing is served from an image that does not verify": an attacker who can replace the whole disk can make one that is
// consistent in itself, down to the last hash. What is missing is a signature by a key that this build trusts, and a
// signature that was good for another image does not help. (tests/system/damage and trust: images with a wrong byte, and
// unsigned ones.)

import { generateKeyPairSync } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sourcesFromWord, writeImageFile } from "../../host/pkgimg/files.ts";
import { DEVELOPMENT_KEY, keyFromPem, readKeyFile } from "../../host/pkgimg/keys.ts";
import { signSuperblock } from "../../host/pkgimg/sign.ts";
import { root } from "../../host/root.ts";
import { programs } from "../../toolchain/programs.ts";
import { onEachMachine } from "../system/harness/each-machine.ts";
import { BOOT_TIMEOUT_MS, buildOnce, explain, pkgfsImage } from "../system/harness/machine.ts";

const scratch = mkdtempSync(join(tmpdir(), "neuron-integrity-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const EVIL = "this is not what was built\n";
/** As `nx cat` prints it for a program. */
const evilHex = Buffer.from(EVIL).toString("hex");
const SUPERBLOCK_BYTES = 4096;
/** Where a superblock's signature begins and ends: its kind, the key's id, the signature. */
const SIGNATURE_FROM = 256;
const SIGNATURE_TO = 360;

/** An image with the same files but one, made as `./nx image build` makes it, and unsigned. */
function evilImage(): Uint8Array {
  const folder = join(scratch, "pkg");
  cpSync(join(root, "pkg"), folder, { recursive: true });
  writeFileSync(join(folder, "fixtures/hello.txt"), EVIL);
  const tasks = programs.filter(({ travels }) => travels === "package");
  const words = tasks.map(({ name }) => `bin/${name}=${join(root, "build/tasks", name)}`);
  const file = join(scratch, "evil.img");
  writeImageFile(file, [folder, ...words].flatMap(sourcesFromWord));
  return new Uint8Array(readFileSync(file));
}

function signedByStranger(image: Uint8Array): void {
  const { privateKey } = generateKeyPairSync("ed25519");
  const key = keyFromPem(privateKey.export({ format: "pem", type: "pkcs8" }).toString());
  if (!key) {
    throw new Error("node:crypto made no key");
  }
  signSuperblock(image, key);
}

const attempts: [name: string, change: (image: Uint8Array, good: Uint8Array) => void][] = [
  ["unsigned", () => {}],
  ["signed by a stranger's key", signedByStranger],
  [
    "with the signature of the good image",
    (image, good) => image.set(good.subarray(SIGNATURE_FROM, SIGNATURE_TO), SIGNATURE_FROM),
  ],
  [
    "behind the whole superblock of the good image",
    (image, good) => image.set(good.subarray(0, SUPERBLOCK_BYTES), 0),
  ],
];

onEachMachine("an image with a changed file", (bootWith) => {
  let image: Uint8Array;
  beforeAll(async () => {
    await buildOnce();
    image = evilImage();
  }, BOOT_TIMEOUT_MS);

  async function boot(name: string, bytes: Uint8Array) {
    const disk = join(scratch, `${name.replaceAll(" ", "-").replaceAll("'", "")}.img`);
    writeFileSync(disk, bytes);
    return await bootWith({ disk, smp: 2, run: "nx cat fixtures/hello.txt", timeoutSeconds: 60 });
  }

  test.each(attempts)(
    "%s, it is refused and no file of it is served",
    { timeout: BOOT_TIMEOUT_MS },
    async (name, change) => {
      const bytes = image.slice();
      change(bytes, new Uint8Array(readFileSync(pkgfsImage)));
      const report = await boot(name, bytes);
      expect(report.ok).toBe(false);
      expect(report.panic).toBeUndefined();
      expect(report.lines.join("\n"), explain(report)).toMatch(
        /(pkgfs|packagefsd|nexus-init): .*(refused|block \d+)/,
      );
      expect(report.lines.join("\n")).not.toContain(evilHex);
      expect(report.lines).not.toContain("nx: end");
    },
  );

  test("signed by the key that the build trusts, it is served: the others fail only for their signature", {
    timeout: BOOT_TIMEOUT_MS,
  }, async () => {
    const bytes = image.slice();
    signSuperblock(bytes, readKeyFile(join(root, DEVELOPMENT_KEY)));
    const report = await boot("trusted", bytes);
    expect(report.lines.join("\n"), explain(report)).toContain(`data=${evilHex}`);
  });
});
