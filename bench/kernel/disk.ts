// Disks for runs of the bench; above all one with the guest's program and one file, which the program finds as pkg://content.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ImageFile } from "../../host/pkgimg/image.ts";
import { DEVELOPMENT_KEY, readKeyFile } from "../../host/pkgimg/keys.ts";
import { buildImage } from "../../host/pkgimg/layout.ts";
import { Problem } from "../../host/problem.ts";
import { root } from "../../host/root.ts";
import type { Subject } from "./run.ts";

/** As much of a file as packagefsd shares in one piece (source/idl/package_fs.capnp, sharedBytes). */
export const PIECE_BYTES = 131_072;
/** Larger than packagefsd's cache, so that reading it always reaches the disk. */
const LARGE_BYTES = 3 << 19;
/** Where the guest's program looks for the file. */
const FILE = "content";

/** A program of the build, with symbols. @throws Problem if there is none of that name */
export function programOf({ programs }: Subject, name: string): Uint8Array<ArrayBuffer> {
  const program = programs[name];
  if (program === undefined) {
    throw new Problem(`the build has no program ${name}`);
  }
  return program;
}

/** An image of these files, signed by the key that the build trusts. */
export function signedDisk(files: readonly ImageFile[], compress = false): Uint8Array<ArrayBuffer> {
  const key = readKeyFile(join(root, DEVELOPMENT_KEY));
  return new Uint8Array(buildImage(files, { key, compress }));
}

/** The disk with `content`. */
export function diskWith(subject: Subject, content: Uint8Array, compress: boolean): Uint8Array<ArrayBuffer> {
  const program = { path: "bin/bench", content: programOf(subject, "bench") };
  return signedDisk([program, { path: FILE, content }], compress);
}

/** A disk with apps/chaos, and all that it reads. */
export function chaosDisk(subject: Subject): Uint8Array<ArrayBuffer> {
  const program = (name: string): ImageFile => ({
    path: `bin/${name}`,
    content: programOf(subject, name),
  });
  const fixture = (name: string): ImageFile => ({
    path: `fixtures/${name}`,
    content: readFileSync(join(root, "pkg/fixtures", name)),
  });
  return signedDisk([
    program("chaos"),
    program("selftest-client"),
    fixture("hello.txt"),
    fixture("lines.txt"),
    { path: "fixtures/large.bin", content: noise(LARGE_BYTES) },
  ]);
}

/** Bytes that do not repeat themselves: the upper bytes of a linear congruential generator (Numerical Recipes). */
export function noise(byteLength: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: byteLength }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}
