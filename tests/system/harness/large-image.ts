// The image of this build with a large file in it: larger than packagefsd's cache, so that reading it always reaches
// virtioblkd.

import { createCipheriv } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { sourceFromFile, sourcesFromFolder, writeImageFile } from "../../../host/pkgimg/files.ts";
import { DEVELOPMENT_KEY, readKeyFile } from "../../../host/pkgimg/keys.ts";
import { root } from "../../../host/root.ts";
import { buildOnce } from "./machine.ts";

const LARGE_BYTES = 3 << 19;

/** Writes it into a folder. Gives its path. */
export async function largeImage(folder: string, sequence = 0n): Promise<string> {
  await buildOnce();
  const large = join(folder, "large.bin");
  // No two blocks of it are alike.
  const stream = createCipheriv("aes-128-ctr", Buffer.alloc(16, 7), Buffer.alloc(16));
  writeFileSync(large, stream.update(Buffer.alloc(LARGE_BYTES)));
  const programs = ["chaos", "nx", "selftest-client"].map((name) =>
    sourceFromFile(`bin/${name}`, join(root, "build/tasks", name)),
  );
  const files = [
    ...sourcesFromFolder(join(root, "pkg")),
    ...programs,
    sourceFromFile("fixtures/large.bin", large),
  ];
  const image = join(folder, `large-${sequence}.img`);
  writeImageFile(image, files, {
    label: "pkgfs",
    key: readKeyFile(join(root, DEVELOPMENT_KEY)),
    sequence,
  });
  return image;
}
