// A disk with the guest's program and one file, which the program finds as pkg://content.

import { join } from "node:path";
import { DEVELOPMENT_KEY, readKeyFile } from "../../host/pkgimg/keys.ts";
import { buildImage } from "../../host/pkgimg/layout.ts";
import { Problem } from "../../host/problem.ts";
import { root } from "../../host/root.ts";
import type { Subject } from "./run.ts";

/** As much of a file as packagefsd shares in one piece (source/idl/package_fs.capnp, sharedBytes). */
export const PIECE_BYTES = 131_072;
/** Where the guest's program looks for the file. */
const FILE = "content";

/** @throws Problem if the build has no program bench */
export function diskWith(
  { programs }: Subject,
  content: Uint8Array,
  compress: boolean,
): Uint8Array<ArrayBuffer> {
  const { bench } = programs;
  if (bench === undefined) {
    throw new Problem("the build has no program bench");
  }
  const key = readKeyFile(join(root, DEVELOPMENT_KEY));
  const program = { path: "bin/bench", content: bench };
  return new Uint8Array(buildImage([program, { path: FILE, content }], { key, compress }));
}

/** Bytes that do not repeat themselves: the upper bytes of a linear congruential generator (Numerical Recipes). */
export function noise(byteLength: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: byteLength }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}
