// Images for the tests, and the places of their parts.

import { join } from "node:path";
import type { ImageFile } from "../../../host/pkgimg/image.ts";
import { DEVELOPMENT_KEY, readKeyFile } from "../../../host/pkgimg/keys.ts";
import { buildImage } from "../../../host/pkgimg/layout.ts";
import { root } from "../../../host/root.ts";
import { defined } from "../../harness/defined.ts";

export const BLOCK_BYTES = 4096;

/** Bytes that differ from block to block and from file to file. */
export function content(byteLength: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  let state = (seed * 2_654_435_761) >>> 0;
  for (let i = 0; i < byteLength; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export const hello = new TextEncoder().encode("hello from the package\n");
export const large = content(2_000_000, 1);
export const odd = content(3 * BLOCK_BYTES + 17, 2);

const files: readonly ImageFile[] = [
  { path: "bin/large", content: large },
  { path: "empty", content: new Uint8Array() },
  { path: "fixtures/hello.txt", content: hello },
  { path: "fixtures/odd", content: odd },
  { path: "many/03/below/other", content: hello },
  ...Array.from({ length: 20 }, (_, i) => ({
    path: `many/${String(i).padStart(2, "0")}${i % 3 === 0 ? "/below/file" : ""}`,
    content: content(i * 10, 100 + i),
  })),
];

/** Files of several sizes, a directory of twenty, and a file that is larger than the cache. */
export const image = signedImage(files);

/** An image, signed by the key that the build under test trusts. */
export function signedImage(
  files: readonly ImageFile[],
  { compress = false, sequence = 0n } = {},
): Uint8Array {
  return buildImage(files, { key: readKeyFile(join(root, DEVELOPMENT_KEY)), compress, sequence });
}

/** The blocks of the image's parts, from its superblock (docs/storage/package-image.md). */
export function partsOf(bytes: Uint8Array): { strings: number; data: number; tree: number; count: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    strings: view.getUint32(36, true),
    data: view.getUint32(44, true),
    tree: view.getUint32(52, true),
    count: view.getUint32(16, true),
  };
}

/** A copy of the image with one bit of a byte flipped. */
export function flipped(bytes: Uint8Array, offset: number): Uint8Array {
  const copy = bytes.slice();
  copy[offset] = defined(copy[offset]) ^ 0x10;
  return copy;
}

/** Whether two byte ranges are equal. (`toEqual` compares element by element, which takes seconds for a large one.) */
export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
