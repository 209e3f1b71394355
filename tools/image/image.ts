// What `./nx image` does. The answer goes to stdout, and every error is a Problem.

import { existsSync } from "node:fs";
import { join, sep } from "node:path";
import { type NamedFile, placeOf, requireOutputs } from "../../host/outputs.ts";
import { keepHeapSmall, sourcesFromWord, writeImageFile } from "../../host/pkgimg/files.ts";
import { type ImageKey, readKeyFile } from "../../host/pkgimg/keys.ts";
import { imagePath } from "../../host/pkgimg/paths.ts";
import { Problem } from "../../host/problem.ts";
import { formatTable, progressOn } from "../../host/report.ts";
import { root } from "../../host/root.ts";
import { byteBar } from "./progress.ts";
import { type ImageEntry, ImageReader } from "./reader.ts";
import { judgeSignature, type SignatureFacts, signatureText } from "./sign.ts";
import { verifyImage } from "./verify.ts";

/** How many names the hint about a missing name lists. */
const SIBLINGS_SHOWN = 10;

/** The disk's own image, from any working directory. */
const diskImage = join(root, "build/pkgfs.img");

/** The options of `./nx image build`. */
export interface BuildWords {
  readonly out?: string;
  readonly label: string;
  readonly key?: string;
  readonly compress?: "lz4";
}

/** Builds an image from `inputs`, or, without any, the disk's and everything that goes into it. */
export async function build(inputs: readonly string[], options: BuildWords): Promise<void> {
  const { out, label, key: keyFile, compress } = options;
  if (inputs.length === 0) {
    const given = {
      "--out": out,
      "--key": keyFile,
      "--label": label === "" ? undefined : label,
      "--compress": compress,
    };
    const option = Object.entries(given).find(([, value]) => value !== undefined)?.[0];
    if (option !== undefined) {
      throw new Problem(`${option} is for an image of inputs, and no inputs are given`, { exitCode: 2 });
    }
    const { build: buildAll } = await import("../../toolchain/compile.ts");
    await buildAll({ profile: "bringup", progress: progressOn(process.stderr), only: [] });
  } else {
    if (out === undefined) {
      throw new Problem("inputs need --out FILE, the image to write", { exitCode: 2 });
    }
    keepHeapSmall();
    const sources = inputs.flatMap(sourcesFromWord);
    requireOutputs([{ word: "--out", file: out }], inputsOf(inputs, out, keyFile));
    const signing = keyFile === undefined ? {} : { key: readKeyFile(keyFile) };
    const bar = byteBar(process.stderr, out);
    try {
      writeImageFile(out, sources, {
        label,
        ...signing,
        compress: compress !== undefined,
        onProgress: bar.show,
      });
    } finally {
      bar.end();
    }
  }
  await withImage(out, async (image, file) => {
    const signature = judgeSignature(image.superblock, file, undefined);
    process.stdout.write(`${file}: ${summary(image, signature)}\n`);
  });
}

/** The files that must not be written over: the inputs and the key. Throws Problem if `out` lies in an input folder. */
function inputsOf(words: readonly string[], out: string, keyFile: string | undefined): NamedFile[] {
  const files = words.map((word) => ({ word, file: word.slice(word.indexOf("=") + 1) }));
  const place = placeOf(out);
  const around = files.find(({ file }) => place.startsWith(`${placeOf(file)}${sep}`));
  if (around !== undefined) {
    throw new Problem(`--out ${out} lies in ${around.file}, which goes into the image`, {
      hints: ["name a place outside of it"],
      exitCode: 2,
    });
  }
  return keyFile === undefined ? files : [...files, { word: "--key", file: keyFile }];
}

/**
 * Checks a whole image, and its signature.
 *
 * @param keyFile the key that has to have signed it; without one, a signature by the development key is checked
 */
export async function verify(
  given: string | undefined,
  keyFile: string | undefined,
  json: boolean,
): Promise<void> {
  const key: ImageKey | undefined = keyFile === undefined ? undefined : readKeyFile(keyFile);
  await withImage(given, async (image, file) => {
    await verifyImage(image);
    const signature = judgeSignature(image.superblock, file, key);
    const { label, blockCount, entryCount, digest } = image;
    const facts = { file, label, blockCount, entryCount, digest, signature };
    const words = `${file}: ${summary(image, signature)}: all matches`;
    process.stdout.write(`${json ? JSON.stringify(facts) : words}\n`);
  });
}

/** Lists a directory, or all files below it. */
export async function list(
  given: string | undefined,
  typed: string,
  recursive: boolean,
  json: boolean,
): Promise<void> {
  await withImage(given, async (image, file) => {
    const directory = imagePath(typed);
    const children = image.list(directory);
    if (!children) {
      throw noSuch(image, file, directory, "directory");
    }
    const prefix = directory === "" ? "" : `${directory}/`;
    const entries = [...image.entries()].filter(({ path }) => path.startsWith(prefix));
    if (json) {
      const shown = recursive
        ? entries
        : entries.filter(({ path }) => !path.slice(prefix.length).includes("/"));
      process.stdout.write(`${JSON.stringify(shown)}\n`);
      return;
    }
    const rows = recursive
      ? entries.map((entry) => rowOf(entry.path, entry))
      : children.map(({ name, file: entry }) => rowOf(entry ? name : `${name}/`, entry));
    process.stdout.write(
      formatTable([{ heading: "bytes", align: "right" }, { heading: "blake2b" }, { heading: "name" }], rows),
    );
  });
}

/** Writes a file's bytes to stdout. */
export async function cat(given: string | undefined, typed: string): Promise<void> {
  const path = imagePath(typed);
  await withImage(given, async (image, file) => {
    if (!image.find(path)) {
      throw noSuch(image, file, path, "file");
    }
    for (const bytes of image.read(path)) {
      // A full pipe has to be waited for, or the whole file would be in memory.
      if (!process.stdout.write(bytes)) {
        await new Promise((drained) => process.stdout.once("drain", drained));
      }
    }
  });
}

async function withImage(
  given: string | undefined,
  use: (image: ImageReader, file: string) => Promise<void>,
): Promise<void> {
  const file = given ?? diskImage;
  if (given === undefined && !existsSync(file)) {
    throw new Problem(`there is no ${file}`, { hints: ["./nx build makes it, or name another image"] });
  }
  const image = await ImageReader.open(file);
  try {
    await use(image, file);
  } finally {
    image.close();
  }
}

function summary(image: ImageReader, signature: SignatureFacts | null): string {
  const label = image.label === "" ? "no label" : `label ${JSON.stringify(image.label)}`;
  const signed = signatureText(signature);
  return `${image.entryCount} files, ${image.blockCount} blocks, ${label}, ${signed}, digest ${image.digest}`;
}

function rowOf(name: string, entry: ImageEntry | undefined): string[] {
  return entry ? [String(entry.byteLength), entry.hash.slice(0, 16), name] : ["", "", name];
}

/** The Problem of a missing path, with the names that exist. */
function noSuch(image: ImageReader, file: string, path: string, kind: "file" | "directory"): Problem {
  const other = kind === "file" ? image.list(path) : image.find(path);
  const message = other
    ? `${JSON.stringify(path)} in ${file} is not a ${kind}`
    : `${file} has no ${kind} ${JSON.stringify(path)}`;
  return new Problem(message, { hints: [siblingsText(image, path)] });
}

/** The names in the last folder of a path that exists. */
function siblingsText(image: ImageReader, path: string): string {
  let parent = path;
  do {
    parent = parent.includes("/") ? parent.slice(0, parent.lastIndexOf("/")) : "";
  } while (image.list(parent) === undefined && parent !== "");
  const siblings = image.list(parent) ?? [];
  const names = siblings
    .map((child) => (child.file ? child.name : `${child.name}/`))
    .slice(0, SIBLINGS_SHOWN);
  return `${parent === "" ? "the image" : `${parent}/`} has: ${names.join(", ")}`;
}
