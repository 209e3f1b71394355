// ./nx image keygen, sign and verify on real files.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { members, nullable, object, readJson, text } from "../../../host/json.ts";
import { DEVELOPMENT_KEY, DEVELOPMENT_PUBLIC_KEY, readKeyFile } from "../../../host/pkgimg/keys.ts";
import { buildImage } from "../../../host/pkgimg/layout.ts";
import { isSignedBy } from "../../../host/pkgimg/sign.ts";
import { register } from "../../../tools/image/command.ts";
import { barText, byteBar } from "../../../tools/image/progress.ts";
import { defined } from "../../harness/defined.ts";
import { root } from "../../harness/guest.ts";
import { sampleFiles } from "../../libs/pkgimg/forge.ts";

let folder: string;
let mine: string;

/** What a command writes to stdout. */
async function nx(...words: string[]): Promise<string> {
  const parts: Buffer[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((bytes) => {
    parts.push(Buffer.from(bytes));
    return true;
  });
  const program = new Command("nx").exitOverride();
  register(program);
  try {
    await program.parseAsync(["image", ...words], { from: "user" });
  } finally {
    vi.restoreAllMocks();
  }
  return Buffer.concat(parts).toString();
}

function place(name: string, bytes: Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "nx-sign-"));
  mine = join(folder, "deep/mine");
  await nx("keygen", mine);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const development = (file: string): string => join(root, file);

describe("nx image keygen", () => {
  test("makes a pair that belongs together, whose private half only its owner can read", () => {
    const secret = readKeyFile(`${mine}.key`);
    const open = readKeyFile(`${mine}.pub`);
    expect(open.privateKey).toBeUndefined();
    expect(Buffer.from(secret.id)).toEqual(Buffer.from(open.id));
    expect(statSync(`${mine}.key`).mode & 0o777).toBe(0o600);
  });

  test("never writes over a key, and makes another key each time", async () => {
    await expect(nx("keygen", mine)).rejects.toThrow("mine.key exists already");
    await nx("keygen", join(folder, "second"));
    expect(readFileSync(join(folder, "second.pub"), "utf8")).not.toBe(readFileSync(`${mine}.pub`, "utf8"));
  });

  test("the development key says that it is one, and its halves belong together", () => {
    for (const file of [DEVELOPMENT_KEY, DEVELOPMENT_PUBLIC_KEY]) {
      const text = readFileSync(development(file), "utf8");
      expect(text.split("\n")[0]).toContain("DEVELOPMENT");
      expect(text.toLowerCase()).toContain("not for production");
    }
    const [secret, open] = [
      readKeyFile(development(DEVELOPMENT_KEY)),
      readKeyFile(development(DEVELOPMENT_PUBLIC_KEY)),
    ];
    expect(Buffer.from(secret.id)).toEqual(Buffer.from(open.id));
  });

  test("a file that is no key is refused", () => {
    expect(() => readKeyFile(place("no.key", Buffer.from("no key")))).toThrow("is not an Ed25519 key");
    expect(() => readKeyFile(join(folder, "nowhere"))).toThrow("cannot read the key");
  });
});

const verified = object({ digest: text, signature: nullable(members) });

describe("nx image sign and verify", () => {
  test("an unsigned image becomes a signed one, which only the halves of its key confirm", async () => {
    const file = place("a.img", buildImage(sampleFiles));
    expect(await nx("verify", file)).toContain("unsigned");
    await expect(nx("verify", file, "--key", `${mine}.pub`)).rejects.toThrow("is not signed");

    const before = readJson(await nx("verify", file, "--json"), "the answer", verified);
    await nx("sign", file, "--key", `${mine}.key`);
    const after = readJson(await nx("verify", file, "--json"), "the answer", verified);
    expect(before.signature).toBeNull();
    expect(after).toMatchObject({
      digest: before.digest,
      signature: { verified: false, development: false },
    });
    expect(await nx("verify", file)).toContain("(not checked: --key)");
    for (const half of [`${mine}.pub`, `${mine}.key`]) {
      expect(await nx("verify", file, "--key", half)).toContain("all matches");
    }
    await expect(nx("verify", file, "--key", development(DEVELOPMENT_PUBLIC_KEY))).rejects.toThrow(
      "is signed by key",
    );
    expect(isSignedBy(readFileSync(file), readKeyFile(`${mine}.pub`))).toBe(true);
  });

  test("--out leaves the first image unchanged, --sequence numbers the new one, and a second key replaces the first", async () => {
    const file = place("b.img", buildImage(sampleFiles));
    const out = join(folder, "b-signed.img");
    await nx("sign", file, "--key", `${mine}.key`, "--out", out, "--sequence", "9");
    expect(readFileSync(file)).toEqual(Buffer.from(buildImage(sampleFiles)));
    expect(readFileSync(out).readBigUInt64LE(128)).toBe(9n);
    await nx("sign", out, "--key", development(DEVELOPMENT_KEY));
    expect(await nx("verify", out)).toContain("signed by the development key");
    expect(readFileSync(out).readBigUInt64LE(128)).toBe(9n);
  });

  test("a wrong signature is refused, and so is signing with a public key, or of a damaged image", async () => {
    const file = place("c.img", buildImage(sampleFiles, { key: readKeyFile(development(DEVELOPMENT_KEY)) }));
    const bytes = readFileSync(file);
    bytes[300] = defined(bytes[300]) ^ 1;
    await expect(nx("verify", place("d.img", bytes))).rejects.toThrow("its signature does not verify");
    await expect(nx("sign", file, "--key", `${mine}.pub`)).rejects.toThrow(
      "only the private half of a key can sign",
    );
    const damaged = readFileSync(file);
    damaged[4096] = defined(damaged[4096]) ^ 1;
    await expect(nx("sign", place("e.img", damaged), "--key", `${mine}.key`)).rejects.toThrow("is refused");
    await expect(nx("sign", file, "--key", `${mine}.key`, "--sequence", "-1")).rejects.toThrow();
  });

  test("build --key signs the image", async () => {
    const out = join(folder, "built.img");
    await nx("build", `fixtures/=${join(root, "pkg/fixtures")}`, "--out", out, "--key", `${mine}.key`);
    expect(await nx("verify", out, "--key", `${mine}.pub`)).toContain("all matches");
    await expect(nx("build", "--key", `${mine}.key`)).rejects.toThrow("--key is for an image of inputs");
  });
});

describe("the progress bar", () => {
  const mebibyte = 1 << 20;

  test("says how much is done, and of how much", () => {
    expect(barText("x.img", 0, 100 * mebibyte)).toBe(`  x.img  ${"░".repeat(30)}  0 %  0 of 100 MiB`);
    expect(barText("x.img", 50 * mebibyte, 100 * mebibyte)).toBe(
      `  x.img  ${"█".repeat(15)}${"░".repeat(15)}  50 %  50 of 100 MiB`,
    );
  });

  test("is drawn on a terminal only, now and then, for long work, and is erased in the end", () => {
    const drawn = (isTTY: boolean, total: number): string[] => {
      const writes: string[] = [];
      let time = 0;
      const write = (text: string): boolean => writes.push(text) > 0;
      const bar = byteBar({ isTTY, write }, "x.img", () => time++);
      for (let done = 0; done <= total; done += mebibyte) {
        bar.show(done, total);
      }
      bar.end();
      return writes;
    };
    const writes = drawn(true, 100 * mebibyte);
    expect(writes.length).toBeLessThan(6);
    expect(writes.at(-2)).toContain("100 %");
    expect(writes.at(-1)).toBe("\r\x1b[K");
    expect(drawn(false, 100 * mebibyte)).toEqual([]);
    expect(drawn(true, mebibyte)).toEqual([]);
  });
});
