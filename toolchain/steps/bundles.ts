// Makes the two carriers of programs: the boot bundle inside the kernel's image, and the package image on the disk.
//
// Both are package images (docs/storage/package-image.md). The bundle holds the programs that are needed to reach the
// disk, and `fixtures.img`, itself a package image, which packagefsd serves when there is no disk. nexus-init, which
// reads the bundle, is beside it. Only the disk's image is signed. The others are trusted because they are inside the
// kernel's image.

import { join } from "node:path";
import { listFiles } from "../../host/files.ts";
import { readKeyFile } from "../../host/pkgimg/keys.ts";
import { buildImage } from "../../host/pkgimg/layout.ts";
import { programs } from "../programs.ts";
import { type Build, readBytes, write } from "./build.ts";
import { assembleStep } from "./program.ts";
import { type Signing, signingOf } from "./trust.ts";

const PACKAGE_FOLDER = "pkg";
const imageCode = ["host/pkgimg", "source/libs/pkgimg"];
/** The program beside the bundle, which the kernel itself starts. It starts all the others. */
const FIRST_TASK = "nexus-init";

/** A file of an image: its path there, and the path of its source, relative to the root. */
type Source = readonly [imagePath: string, file: string];

/** `pkgfs.img`: everything below pkg/, and the programs that are loaded from the disk, below `bin/`. */
export async function makePackageImage(build: Build): Promise<void> {
  const files = [...packageFiles(build, ""), ...packagePrograms(build)];
  await makeImage(build, "pkgfs", build.path("pkgfs.img"), files, signingOf(build));
}

/** `bundle.img`, and the object that carries it into the kernel. Gives the object. */
export async function makeBundle(build: Build): Promise<string> {
  const fixtures = build.path("fixtures.img");
  const image = build.path("bundle.img");
  await makeImage(build, "fixtures", fixtures, [
    ...packageFiles(build, "fixtures/"),
    ...packagePrograms(build),
  ]);
  const travellers = programs.filter(({ name, travels }) => travels === "bundle" && name !== FIRST_TASK);
  const tasks = travellers.map(({ name }): Source => [name, build.path(`tasks/${name}`)]);
  await makeImage(build, "bundle", image, [...tasks, ["fixtures.img", fixtures]]);
  return embed(build, [
    ["init", build.path(`tasks/${FIRST_TASK}`)],
    ["bundle", image],
  ]);
}

async function makeImage(
  build: Build,
  label: string,
  output: string,
  files: readonly Source[],
  signing?: Signing,
): Promise<void> {
  await build.step(output, {
    name: `image ${label}`,
    key: [
      label,
      files.map(([path]) => path),
      String(signing?.sequence),
      build.stamps.hashFolders(...imageCode),
    ],
    reads: [...files.map(([, file]) => file), ...(signing === undefined ? [] : [signing.key])],
    writes: [output],
    run: async () => {
      const contents = files.map(async ([path, file]) => ({ path, content: await readBytes(build, file) }));
      const signed = signing && {
        key: readKeyFile(join(build.root, signing.key)),
        sequence: signing.sequence,
      };
      await write(build, output, buildImage(await Promise.all(contents), { label, ...signed }));
      return undefined;
    },
  });
}

/** An object with the bytes of each file between `__<name>_start` and `__<name>_end`, each on its own pages. */
async function embed(build: Build, files: readonly Source[]): Promise<string> {
  const source = build.path("gen/bundle.S");
  const parts = files.map(
    ([name, file]) => `
    .balign 4096
    .globl __${name}_start, __${name}_end
__${name}_start:
    .incbin "${file}"
__${name}_end:
`,
  );
  const text = `# Made by toolchain/steps/bundles.ts: what the kernel's image carries.
    .section .bundle, "a", @progbits
${parts.join("")}    .balign 4096
`;
  await build.step("bundle.S", {
    name: "bundle.S",
    key: text, // it names the output folder
    reads: [],
    writes: [source],
    run: async () => {
      await write(build, source, text);
      return undefined;
    },
  });
  return assembleStep(
    build,
    source,
    files.map(([, file]) => file),
  );
}

/** The files below pkg/ whose path there begins with `prefix`. */
function packageFiles(build: Build, prefix: string): Source[] {
  return listFiles(build.root, PACKAGE_FOLDER)
    .map((file): Source => [file.slice(PACKAGE_FOLDER.length + 1), file])
    .filter(([path]) => path.startsWith(prefix));
}

function packagePrograms(build: Build): Source[] {
  return programs
    .filter(({ travels }) => travels === "package")
    .map(({ name }): Source => [`bin/${name}`, build.path(`tasks/${name}`)]);
}
