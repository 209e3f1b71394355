// ./nx image on real files: it reads what the builder wrote, with the guest's reader, and says where one is damaged.

import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { anything, list, number, object, readJson, text } from "../../../host/json.ts";
import { writeImageFile } from "../../../host/pkgimg/files.ts";
import { buildImage } from "../../../host/pkgimg/layout.ts";
import { register } from "../../../tools/image/command.ts";
import { ImageReader } from "../../../tools/image/reader.ts";
import { defined } from "../../harness/defined.ts";
import { root } from "../../harness/guest.ts";
import { sampleFiles } from "../../libs/pkgimg/forge.ts";

const SAMPLE_BLOCKS = 8;

describe("nx image", () => {
  let folder: string;
  let sample: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "nx-image-"));
    sample = join(folder, "sample.img");
    writeFileSync(sample, buildImage(sampleFiles, { label: "sample" }));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(() => vi.restoreAllMocks());

  /** What a command writes to stdout. */
  async function nx(...words: string[]): Promise<string> {
    const parts: Buffer[] = [];
    vi.spyOn(process.stdout, "write").mockImplementation((bytes) => {
      parts.push(Buffer.from(bytes));
      return true;
    });
    const program = new Command("nx").exitOverride();
    register(program);
    await program.parseAsync(["image", ...words], { from: "user" });
    vi.restoreAllMocks();
    return Buffer.concat(parts).toString();
  }

  /** The files that `ls` lists. */
  async function listed(...words: string[]): Promise<{ path: string; byteLength: number }[]> {
    const files = list(object({ path: text, byteLength: number }));
    return readJson(await nx("ls", ...words, "--json"), "the answer", files);
  }

  /** A copy of the sample with one bit changed. */
  function damaged(offset: number): string {
    const bytes = Buffer.from(buildImage(sampleFiles));
    bytes[offset] = defined(bytes[offset]) ^ 1;
    const file = join(folder, "damaged.img");
    writeFileSync(file, bytes);
    return file;
  }

  test("verify describes an image", async () => {
    expect(await nx("verify", sample)).toMatch(
      /sample\.img: 5 files, 8 blocks, label "sample", unsigned, digest [0-9a-f]{64}: all matches\n$/,
    );
    expect(readJson(await nx("verify", sample, "--json"), "the answer", anything)).toMatchObject({
      label: "sample",
      blockCount: SAMPLE_BLOCKS,
      entryCount: 5,
      signature: null,
    });
  });

  test("ls lists a directory, or everything below it", async () => {
    const names = async (...words: string[]): Promise<string[]> => {
      const lines = (await nx("ls", ...words, "--image", sample)).trimEnd().split("\n").slice(1);
      return lines.map((line) => defined(line.trim().split(/\s+/).at(-1)));
    };
    expect(await names()).toEqual(["bin/", "fixtures/"]);
    expect(await names("fixtures")).toEqual(["a/", "a-b", "empty", "grüße"]);
    expect(await names("fixtures", "-r")).toEqual([
      "fixtures/a/deep",
      "fixtures/a-b",
      "fixtures/empty",
      "fixtures/grüße",
    ]);
    const files = await listed("fixtures", "--image", sample);
    expect(files.map(({ path, byteLength }) => [path, byteLength])).toEqual([
      ["fixtures/a-b", 4096],
      ["fixtures/empty", 0],
      ["fixtures/grüße", 300],
    ]);
  });

  test("build --compress makes a smaller image, from which cat and ls give the same", async () => {
    const text = join(folder, "text");
    writeFileSync(text, "the same line again and again\n".repeat(3000));
    const [plain, small] = [join(folder, "plain.img"), join(folder, "small.img")];
    const words = [`text=${text}`, `fixtures=${join(root, "pkg/fixtures")}`];
    await nx("build", ...words, "--out", plain);
    await nx("build", ...words, "--compress", "lz4", "--out", small);
    expect(statSync(small).size).toBeLessThan(statSync(plain).size / 2);
    expect(await nx("verify", small)).toContain("all matches");
    for (const path of ["text", "fixtures/lines.txt", "fixtures/hello.txt"]) {
      expect(await nx("cat", path, "--image", small)).toBe(await nx("cat", path, "--image", plain));
    }
    expect(await listed("-r", "--image", small)).toEqual(await listed("-r", "--image", plain));
    await expect(nx("build", "--compress", "lz4")).rejects.toThrow("--compress is for an image of inputs");
  });

  test("cat gives a file's bytes", async () => {
    const image = await ImageReader.open(sample);
    for (const { path, content } of sampleFiles) {
      expect(Buffer.concat([...image.read(path)])).toEqual(Buffer.from(content));
    }
    image.close();
    const file = defined(sampleFiles[1]);
    expect(await nx("cat", "fixtures/a/deep", "--image", sample)).toBe(Buffer.from(file.content).toString());
  });

  test("a missing path is refused with the names that exist", async () => {
    await expect(nx("cat", "fixtures/hello", "--image", sample)).rejects.toMatchObject({
      message: `${sample} has no file "fixtures/hello"`,
      details: { hints: ["fixtures/ has: a/, a-b, empty, grüße"] },
    });
    await expect(nx("cat", "fixtures", "--image", sample)).rejects.toThrow("is not a file");
    await expect(nx("ls", "bin/nx", "--image", sample)).rejects.toThrow("is not a directory");
    await expect(nx("ls", "x".repeat(300), "--image", sample)).rejects.toThrow("has no directory");
  });

  test.each(["", "/", "pkg://", "pkg:///"])("ls %j lists the top, as in the guest's shell", async (top) => {
    expect(await nx("ls", top, "--image", sample)).toBe(await nx("ls", "--image", sample));
  });

  test.each(["/fixtures/a", "fixtures/a/", "pkg://fixtures/a", "pkg:///fixtures/a//"])(
    "ls and cat take %s as they take the plain path",
    async (path) => {
      expect(await nx("ls", path, "--image", sample)).toBe(await nx("ls", "fixtures/a", "--image", sample));
      expect(await nx("ls", path, "-r", "--json", "--image", sample)).toBe(
        await nx("ls", "fixtures/a", "-r", "--json", "--image", sample),
      );
      const [first] = await listed("-r", "--image", sample);
      const file = defined(first).path;
      expect(await nx("cat", `pkg:///${file}/`, "--image", sample)).toBe(
        await nx("cat", file, "--image", sample),
      );
    },
  );

  test("a path below a missing folder is refused with the names in the nearest folder", async () => {
    await expect(nx("cat", "fixtures/no/where", "--image", sample)).rejects.toMatchObject({
      details: { hints: ["fixtures/ has: a/, a-b, empty, grüße"] },
    });
  });

  test.each([
    ["bin", ["bin/one", "bin/two/three"]],
    ["bin/", ["bin/one", "bin/two/three"]],
    ["pkg://bin//", ["bin/one", "bin/two/three"]],
    ["", ["one", "two/three"]],
  ])("build puts the files of a folder into %j", async (path, expected) => {
    const top = join(folder, "top");
    mkdirSync(join(top, "two"), { recursive: true });
    for (const name of ["one", "two/three"]) {
      writeFileSync(join(top, name), name);
    }
    const out = join(folder, "prefixed.img");
    await nx("build", `${path}=${top}`, "--out", out);
    const files = await listed("-r", "--image", out);
    expect(files.map(({ path }) => path)).toEqual(expected);
  });

  test("build puts a file at the path or into the folder that it is told, and refuses a file without one", async () => {
    const license = join(root, "LICENSE");
    const out = join(folder, "file.img");
    await nx("build", `a/b=${license}`, `docs/=${license}`, `/=${license}`, "--out", out);
    const files = await listed("-r", "--image", out);
    expect(files.map(({ path }) => path)).toEqual(["LICENSE", "a/b", "docs/LICENSE"]);
    await expect(nx("build", license, "--out", out)).rejects.toMatchObject({
      details: { hints: [`LICENSE=${license} names its place`] },
    });
  });

  test("build makes an image of the inputs that it is told", async () => {
    const out = join(folder, "built.img");
    await nx("build", `fixtures/=${join(root, "pkg/fixtures")}`, "--out", out, "--label", "fixtures");
    expect(await nx("cat", "fixtures/hello.txt", "--image", out)).toBe(
      "Hello from the package file system.\n",
    );
    expect(await nx("ls", "fixtures", "--image", out)).toContain("grüße.txt");
    expect(await nx("verify", out)).toContain('label "fixtures"');
  });

  test("build does not write over a file that goes into the image, nor over the key", async () => {
    const input = join(folder, "input");
    mkdirSync(input, { recursive: true });
    const file = join(input, "file");
    const key = join(folder, "own.key");
    writeFileSync(file, "kept");
    copyFileSync(join(root, "keys/development.key"), key);
    symlinkSync(key, join(folder, "link"));
    const words: readonly (readonly [string[], string])[] = [
      [["build", `a=${file}`, "--out", file], "are the same file"],
      [["build", input, "--out", join(input, "new/out.img")], "which goes into the image"],
      [
        ["build", `a=${file}`, "--key", key, "--out", join(folder, "link")],
        "--out and --key are the same file",
      ],
      [["sign", sample, "--key", key, "--out", key], "are the same file"],
    ];
    for (const [command, says] of words) {
      await expect(nx(...command)).rejects.toMatchObject({
        name: "Problem",
        message: expect.stringContaining(says),
      });
    }
    expect(readFileSync(file, "utf8")).toBe("kept");
    expect(readFileSync(key)).toEqual(readFileSync(join(root, "keys/development.key")));
  });

  test("a label with control characters is refused, and so is one without inputs", async () => {
    const out = join(folder, "label.img");
    await expect(nx("build", `a=${sample}`, "--out", out, "--label", "a\x1b[2J")).rejects.toThrow(
      "control character",
    );
    await expect(nx("build", "--label", "mine")).rejects.toThrow("--label is for an image of inputs");
  });

  test("a path that is no image file is refused", async () => {
    await expect(nx("verify", folder)).rejects.toMatchObject({
      name: "Problem",
      message: expect.stringContaining("no plain file"),
    });
    await expect(nx("ls", "--image", "/dev/zero")).rejects.toThrow("no plain file");
    await expect(nx("verify", sample, "--key", folder)).rejects.toThrow(
      `cannot read the key ${folder}: it is a folder`,
    );
    await expect(nx("verify", sample, "--key", sample)).rejects.toMatchObject({ details: { exitCode: 2 } });
  });

  test("build requires --out with inputs, and refuses it without them", async () => {
    await expect(nx("build", folder)).rejects.toMatchObject({ details: { exitCode: 2 } });
    await expect(nx("build", "--out", sample)).rejects.toMatchObject({ details: { exitCode: 2 } });
  });

  test.each([
    [0, "not a package image (block 0)"],
    [128, "superblock does not match its hash (block 0)"],
    [4096, "index does not match its hash (block 1, entry 0)"],
    [2 * 4096, "string table does not match its hash (block 2, entry 0)"],
    [3 * 4096 + 4095, "data does not match its hash (block 3)"],
    [(SAMPLE_BLOCKS - 1) * 4096, "hash tree does not match its root (block 7, entry 0)"],
  ])("verify says where the bit changed: byte %i", async (offset, words) => {
    await expect(nx("verify", damaged(offset))).rejects.toThrow(`damaged.img is refused: ${words}`);
  });

  test("verify says what to do with an image of format 1", async () => {
    const file = join(folder, "old.img");
    const image = buildImage(sampleFiles);
    image[8] = 1;
    writeFileSync(file, image);
    await expect(nx("verify", file)).rejects.toThrow(
      "old.img is refused: written in format 1, which is no longer read: build it again (./nx image build) (block 0)",
    );
  });

  test("verify refuses a file that is cut off, longer, empty or missing", async () => {
    const file = join(folder, "cut.img");
    writeFileSync(file, buildImage(sampleFiles));
    truncateSync(file, SAMPLE_BLOCKS * 4096 - 1);
    await expect(nx("verify", file)).rejects.toThrow(/is refused|has \d+ bytes/);
    truncateSync(file, SAMPLE_BLOCKS * 4096 - 4096);
    await expect(nx("verify", file)).rejects.toThrow("image is longer than its disk or file");
    writeFileSync(file, Buffer.concat([buildImage(sampleFiles), Buffer.alloc(1)]));
    await expect(nx("verify", file)).rejects.toThrow("something is behind it");
    truncateSync(file, 0);
    await expect(nx("verify", file)).rejects.toThrow("is empty");
    await expect(nx("verify", join(folder, "missing.img"))).rejects.toThrow("cannot open");
  });

  test("a 70 MB image has a tree of three levels, and verify checks every level", async () => {
    const large = join(folder, "large.img");
    const piece = Buffer.alloc(1 << 20);
    const source = {
      path: "large",
      byteLength: 70 << 20,
      *read() {
        for (let index = 0; index < 70; index += 1) {
          yield piece.fill(index);
        }
      },
    };
    const { blockCount } = writeImageFile(large, [
      source,
      ...sampleFiles.map((file) => ({
        path: file.path,
        byteLength: file.content.length,
        read: () => [file.content],
      })),
    ]);
    const read = async (path: string): Promise<number> => {
      const image = await ImageReader.open(large);
      try {
        return [...image.read(path)].length;
      } finally {
        image.close();
      }
    };
    expect(await read("bin/nx")).toBe(2);
    expect(await read("fixtures/grüße")).toBe(1);

    // The top of the tree is its last block, the level below it the two before.
    for (const [block, words] of [
      [blockCount - 1, `hash tree does not match its root (block ${blockCount - 1}, entry 0)`],
      [blockCount - 3, `hash tree does not match its root (block ${blockCount - 3}, entry 0)`],
    ] as const) {
      flip(large, block * 4096);
      await expect(read("bin/nx")).rejects.toThrow(words);
      flip(large, block * 4096);
    }
    expect(await read("bin/nx")).toBe(2);
  });
});

/** Changes one bit of a file, where it lies. */
function flip(file: string, offset: number): void {
  const descriptor = openSync(file, "r+");
  const byte = Buffer.alloc(1);
  readSync(descriptor, byte, 0, 1, offset);
  writeSync(descriptor, Buffer.of(defined(byte[0]) ^ 1), 0, 1, offset);
  closeSync(descriptor);
}
