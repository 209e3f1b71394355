// The image builder: the same bytes for any order and on any host, from memory and from a folder, and no image
// that the reader would refuse.

import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  sourceFromFile,
  sourcesFromFolder,
  sourcesFromWord,
  writeImageFile,
} from "../../../host/pkgimg/files.ts";
import { buildImage, writeImage } from "../../../host/pkgimg/layout.ts";
import { imageDigest } from "../../../host/pkgimg/sign.ts";
import { file, sampleFiles } from "../../libs/pkgimg/forge.ts";

describe("image builder", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "image-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** The sample as files below `folder/in`. */
  function writeSample(): string {
    const top = join(folder, "in");
    for (const { path, content } of sampleFiles) {
      mkdirSync(join(top, path, ".."), { recursive: true });
      writeFileSync(join(top, path), content);
    }
    return top;
  }

  test("gives the same bytes for the sample on every host", () => {
    // A changed digest is a changed format: raise its version, and say so in docs/storage/package-image.md.
    const image = buildImage(sampleFiles);
    expect(image.length).toBe(8 * 4096);
    expect(imageDigest(image)).toBe("4f09da4306b56b26b24dee7c54aa646736f09675f286d89428d99308facb86eb");
    expect(createHash("sha256").update(image).digest("hex")).toBe(
      "9c4391e09f7e813d9ef0ec02dd5919c9ee6a3dc32b24df0816afcef14bfd1a56",
    );
  });

  test("does not mind the order in which files come", () => {
    const image = buildImage(sampleFiles);
    fc.assert(
      fc.property(fc.shuffledSubarray([...sampleFiles], { minLength: sampleFiles.length }), (shuffled) => {
        expect(Buffer.compare(buildImage(shuffled), image)).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  test("gives the same image from a folder, from files, and from pieces of any size", () => {
    const top = writeSample();
    const expected = Buffer.from(buildImage(sampleFiles, { label: "sample" }));
    const out = join(folder, "deep/er/out.img");

    const built = writeImageFile(out, sourcesFromFolder(top), { label: "sample" });
    expect(readFileSync(out).equals(expected)).toBe(true);
    expect(built.digest).toBe(imageDigest(expected));
    expect(readdirSync(join(folder, "deep/er"))).toEqual(["out.img"]);

    const words = [`bin/=${join(top, "bin")}`, `fixtures/=${join(top, "fixtures")}`];
    writeImageFile(out, words.flatMap(sourcesFromWord), { label: "sample" });
    expect(readFileSync(out).equals(expected)).toBe(true);

    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), (pieceBytes) => {
        const image = Buffer.alloc(expected.length);
        const sources = sampleFiles.map(({ path, content }) => ({
          path,
          byteLength: content.length,
          *read() {
            for (let at = 0; at < content.length; at += pieceBytes) {
              yield content.subarray(at, at + pieceBytes);
            }
          },
        }));
        writeImage({ write: (offset, bytes) => image.set(bytes, offset) }, sources, { label: "sample" });
        expect(image.equals(expected)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test.each([
    ["", "it is empty"],
    ["/etc", "it has an empty part"],
    ["etc/", "it has an empty part"],
    ["a//b", "it has an empty part"],
    ["a/../b", "it has a part that is '.' or '..'"],
    ["./a", "it has a part that is '.' or '..'"],
    ["..", "it has a part that is '.' or '..'"],
    ["a\0b", "it has a control character"],
    ["a\x1b[2J", "it has a control character"],
    ["a\ud800", "it is not Unicode"],
    ["ü".repeat(128), "it has 256 bytes, more than 255"],
    ["a/".repeat(16).concat("a"), "it has 17 parts, more than 16"],
  ])("refuses the path %j", (path, words) => {
    expect(() => buildImage([file(path, 1)])).toThrow(words);
  });

  test("refuses a path that comes twice, or that is the directory of another", () => {
    expect(() => buildImage([file("a", 1), file("b", 1), file("a", 2)])).toThrow('"a" is there twice');
    expect(() => buildImage([file("a/b", 1), file("a-b", 1), file("a", 2)])).toThrow(
      '"a" is a file, so "a/b" cannot be below it',
    );
  });

  test("refuses an image without files, a label that is too long, and more than an image holds", () => {
    expect(() => buildImage([])).toThrow("an image needs at least one file");
    expect(() => buildImage(sampleFiles, { label: "x".repeat(33) })).toThrow("longer than 32 bytes");
    const nowhere = { write: (): void => {} };
    const large = { path: "large", byteLength: 2 ** 30, read: () => [] };
    expect(() => writeImage(nowhere, [large])).toThrow("an image holds up to 262144 blocks");
    const many = Array.from({ length: 131_073 }, (_, index) => file(`f${index}`, 0));
    expect(() =>
      writeImage(
        nowhere,
        many.map(({ path }) => ({ path, byteLength: 0, read: () => [] })),
      ),
    ).toThrow("an image holds up to 131072 files");
  });

  test("refuses a path that is missing or is no file or folder, and a file that grows while it is read", () => {
    const top = writeSample();
    expect(() => sourcesFromFolder(join(folder, "nowhere"))).toThrow("is not a folder");
    expect(() => sourceFromFile("x", join(folder, "nowhere"))).toThrow("does not exist");
    expect(() => sourcesFromWord(`x=${join(folder, "nowhere")}`)).toThrow("does not exist");

    const sources = sourcesFromFolder(top);
    writeFileSync(join(top, "bin/nx"), "other");
    const out = join(folder, "out.img");
    expect(() => writeImageFile(out, sources)).toThrow('"bin/nx" changed its size while it was read');
    expect(readdirSync(folder)).toEqual(["in"]);
    // Before it is compressed, and while it is.
    for (const content of ["x".repeat(20_000), "x".repeat(9000), "y".repeat(10_000)]) {
      writeFileSync(join(top, "bin/nx"), "x".repeat(10_000));
      const [source, ...others] = sourcesFromFolder(top);
      let reads = 0;
      const changing = {
        path: "bin/nx",
        byteLength: 10_000,
        read: () => {
          reads += 1;
          if (reads === (content.startsWith("y") ? 2 : 1)) {
            writeFileSync(
              join(top, "bin/nx"),
              content.startsWith("y") ? `xz${content}`.slice(0, 10_000) : content,
            );
          }
          return source?.read() ?? [];
        },
      };
      expect(() => writeImageFile(out, [changing, ...others], { compress: true })).toThrow(
        /"bin\/nx" changed (its size )?while it was read/,
      );
    }

    symlinkSync("nx", join(top, "bin/link"));
    expect(() => sourcesFromFolder(top)).toThrow("is not a plain file");
  });
});
