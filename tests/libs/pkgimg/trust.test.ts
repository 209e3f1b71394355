// Which image is believed: one that the key signed, or the one with the digest, and no other byte of it. The guest's
// judgement is held against node:crypto's, and every byte of an image is changed in turn.

import { generateKeyPairSync, sign } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import { type ImageKey, keyFromPem } from "../../../host/pkgimg/keys.ts";
import { buildImage } from "../../../host/pkgimg/layout.ts";
import { imageDigest, isSignedBy, setSequence, signSuperblock } from "../../../host/pkgimg/sign.ts";
import { defined } from "../../harness/defined.ts";
import type { Guest } from "../../harness/guest.ts";
import { pkgimgGuest, words } from "./face.ts";
import { BLOCK_BYTES, superblock } from "./forge.ts";

const files = [
  { path: "a", content: Buffer.from("one block, and the zeros behind it") },
  { path: "b", content: Buffer.alloc(BLOCK_BYTES, "full") },
];

function newKey(): ImageKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  const key = keyFromPem(privateKey.export({ format: "pem", type: "pkcs8" }).toString());
  if (!key) {
    throw new Error("node:crypto made no key");
  }
  return key;
}

const key = newKey();
const other = newKey();
const signed = buildImage(files, { key });
const unsigned = buildImage(files);

let g: Guest;
let imageAt: number;
let keyAt: number;
let digestAt: number;

beforeAll(async () => {
  g = await pkgimgGuest();
  imageAt = g.alloc(signed.length);
  keyAt = g.put(Buffer.concat([key.publicBytes, key.id]));
  digestAt = g.put(Buffer.from(imageDigest(unsigned), "hex"));
});

const ROLLED_BACK = "older than one that was mounted before, or than this build accepts";

type Judge = "trustKey" | "trustDigest";
const openImage = (): number => g.call("open", imageAt, signed.length / BLOCK_BYTES);

/** What the guest says of an image's superblock. */
function verdict(bytes: Uint8Array, judge: Judge = "trustKey"): string {
  g.bytes().set(bytes, imageAt);
  return words(g, openImage() || g.call(judge, judge === "trustKey" ? keyAt : digestAt));
}

/** A copy whose superblock was changed. */
function changed(bytes: Uint8Array, change: (superblock: Uint8Array) => void): Uint8Array {
  const copy = bytes.slice();
  change(copy);
  return copy;
}

describe("by a key", () => {
  test("the guest and the host accept an image that the key signed", () => {
    expect(verdict(signed)).toBe("ok");
    expect(isSignedBy(signed, key)).toBe(true);
    expect(isSignedBy(signed, other)).toBe(false);
  });

  test("an image without a signature, or signed by another key, is refused", () => {
    expect(verdict(unsigned)).toBe("not signed");
    expect(verdict(buildImage(files, { key: other }))).toBe("signed by a key that is not trusted");
  });

  test("a signature by another key that carries our key's id is refused", () => {
    const forged = changed(buildImage(files, { key: other }), (bytes) => bytes.set(key.id, superblock.keyId));
    expect(verdict(forged)).toBe("signature does not verify");
    expect(isSignedBy(forged, key)).toBe(false);
  });

  test("a signature is refused on another image, and on the same image with another sequence", () => {
    const image = buildImage([{ path: "a", content: Buffer.from("something else") }, ...files.slice(1)]);
    const moved = changed(image, (bytes) => bytes.set(signed.subarray(256, 360), 256));
    expect(verdict(moved)).toBe("signature does not verify");
    const renumbered = changed(signed, (bytes) => setSequence(bytes, 7n));
    expect(verdict(renumbered)).toBe("signature does not verify");
    expect(verdict(changed(renumbered, (bytes) => signSuperblock(bytes, key)))).toBe("ok");
  });

  test("an image that is older than it may be is refused; sequences have all 64 bits", () => {
    const highest = 2n ** 64n - 1n;
    for (const sequence of [0n, 1n, 7n, 2n ** 32n, 2n ** 63n, highest]) {
      expect(verdict(buildImage(files, { key, sequence }))).toBe("ok");
      expect(g.call("notOlder", sequence)).toBe(0);
      expect(g.call("notOlder", 0n)).toBe(0);
      if (sequence !== highest) {
        expect(words(g, g.call("notOlder", sequence + 1n))).toBe(ROLLED_BACK);
        expect(words(g, g.call("notOlder", highest))).toBe(ROLLED_BACK);
      }
    }
  });

  test("a signature of the digest, or of the whole block, is refused", () => {
    for (const message of [Buffer.from(imageDigest(signed), "hex"), signed.subarray(0, 512)]) {
      const signature = sign(null, message, defined(key.privateKey));
      expect(verdict(changed(signed, (bytes) => bytes.set(signature, superblock.signature)))).toBe(
        "signature does not verify",
      );
    }
  });
});

describe("by a digest", () => {
  test("the one image is accepted", () => {
    expect(verdict(unsigned, "trustDigest")).toBe("ok");
  });

  test("another image is refused, and so is the same image with a signature", () => {
    const another = buildImage([...files, { path: "c", content: Buffer.alloc(0) }]);
    expect(verdict(another.subarray(0, signed.length), "trustDigest")).not.toBe("ok");
    expect(verdict(buildImage(files, { label: "x" }), "trustDigest")).toBe("not the image of this build");
    expect(verdict(signed, "trustDigest")).toBe("signed, but the image of this build is not");
  });
});

describe("a change of any byte is refused: superblock, index, paths, data, padding, tree, signature", () => {
  /** Reads all there is, and asks last whether the image is to be believed: hashes are quicker than signatures. */
  function isAccepted(judge: Judge): boolean {
    if (openImage() !== 0 || g.call("check") !== 0) {
      return false;
    }
    for (let entry = 0; entry < files.length; entry += 1) {
      if (g.call("content", entry) !== 0) {
        return false;
      }
    }
    return g.call(judge, judge === "trustKey" ? keyAt : digestAt) === 0;
  }

  test.each([
    ["signed", signed, "trustKey"],
    ["of this build", unsigned, "trustDigest"],
  ] as const)("in an image %s", (_name, image, judge) => {
    g.bytes().set(image, imageAt);
    expect(isAccepted(judge)).toBe(true);
    const accepted: number[] = [];
    for (let offset = 0; offset < image.length; offset += 1) {
      const bytes = g.bytes();
      const value = defined(image[offset]);
      // Each bit of what the superblock says; one bit of every other byte, which one it is going round.
      const masks = offset < 512 ? [1, 2, 4, 8, 16, 32, 64, 128] : [1 << (offset & 7)];
      for (const mask of masks) {
        bytes[imageAt + offset] = value ^ mask;
        if (isAccepted(judge)) {
          accepted.push(offset);
        }
      }
      bytes[imageAt + offset] = value;
    }
    expect(accepted).toEqual([]);
    expect(isAccepted(judge)).toBe(true);
  });
});
