// The image reader on good images: finding, listing and reading give what was put in.

import { createHash } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { ImageFile } from "../../../host/pkgimg/image.ts";
import { buildImage } from "../../../host/pkgimg/layout.ts";
import { imageDigest } from "../../../host/pkgimg/sign.ts";
import { defined } from "../../harness/defined.ts";
import type { Guest } from "../../harness/guest.ts";
import { Edge } from "../edge.ts";
import { pkgimgGuest, words } from "./face.ts";
import { BLOCK_BYTES, file, sampleFiles } from "./forge.ts";

/** Parts of paths, of few letters so that they meet; with bytes on both sides of the slash's. */
const part = fc.string({ unit: fc.constantFrom("a", "b", "-", ".", "0", "ü"), minLength: 1, maxLength: 3 });
const goodPart = part.filter((name) => name !== "." && name !== "..");
const path = fc.array(goodPart, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));

/** Files of which none is another's directory. */
const files = fc
  .uniqueArray(path, { minLength: 1, maxLength: 60 })
  .map((paths) =>
    paths
      .filter((one) => !paths.some((other) => other.startsWith(`${one}/`)))
      .map((one, index) => file(one, index % 3 === 0 ? 0 : index * 150)),
  );

describe("package image reader", () => {
  let g: Guest;
  let edge: Edge;
  let pathAt: number;

  beforeAll(async () => {
    g = await pkgimgGuest();
    pathAt = g.alloc(256);
    edge = new Edge(g, 1 << 22);
  });

  function mount(image: Uint8Array, open = "open"): void {
    expect(words(g, g.call(open, edge.put(image), image.length / BLOCK_BYTES))).toBe("ok");
    expect(words(g, g.call("check"))).toBe("ok");
  }

  function ask(name: string): [number, number] {
    const bytes = Buffer.from(name);
    g.bytes().set(bytes.subarray(0, 256), pathAt);
    return [pathAt, bytes.length];
  }

  function children(directory: string): string[] {
    const [at, length] = ask(directory);
    const names: string[] = [];
    let child = g.call("first", at, length);
    for (; child !== -1; child = g.call("next", at, length)) {
      const name = Buffer.from(g.get(g.call("childName", length), g.call("childLength", length))).toString();
      names.push(g.call("isDirectory", length) === 0 ? name : `${name}/`);
    }
    expect(g.call("error")).toBe(0);
    return names;
  }

  /** What a directory has in it, from the list of files. */
  function expected(all: readonly ImageFile[], directory: string): string[] {
    const prefix = directory === "" ? "" : `${directory}/`;
    const names = all
      .filter((one) => one.path.startsWith(prefix))
      .map((one) => defined(/^[^/]+\/?/.exec(one.path.slice(prefix.length)))[0]);
    return [...new Set(names)].sort((a, b) =>
      Buffer.compare(Buffer.from(a.replace(/\/$/, "")), Buffer.from(b.replace(/\/$/, ""))),
    );
  }

  function content(name: string): Uint8Array | undefined {
    if (g.call("lookUp", ...ask(name)) === -1) {
      return undefined;
    }
    const start = g.call("byteOffset");
    const end = start + g.call("byteLength");
    const parts: Uint8Array[] = [];
    for (let at = start; at < end; ) {
      const inBlock = at % BLOCK_BYTES;
      const count = Math.min(BLOCK_BYTES - inBlock, end - at);
      parts.push(g.get(g.call("block", Math.floor(at / BLOCK_BYTES)) + inBlock, count));
      at += count;
    }
    return Buffer.concat(parts);
  }

  test.each(["open", "openCached"])("finds, lists and reads the sample (%s)", (open) => {
    mount(buildImage(sampleFiles), open);
    for (const one of sampleFiles) {
      expect(content(one.path)).toEqual(Buffer.from(one.content));
      const hash = Buffer.from(g.get(g.call("contentHash"), 32)).toString("hex");
      expect(hash).toBe(createHash("blake2b512").update(one.content).digest("hex").slice(0, 64));
    }
    expect(children("")).toEqual(["bin/", "fixtures/"]);
    expect(children("fixtures")).toEqual(["a/", "a-b", "empty", "grüße"]);
    expect(children("fixtures/a")).toEqual(["deep"]);
    for (const nothing of ["fixtures/a/deep", "fixture", "fixtures/", "/", "zz", "a".repeat(255)]) {
      expect(children(nothing)).toEqual([]);
    }
    for (const nothing of ["", "bin", "bin/n", "bin/nx/", "fixtures/a", "x".repeat(255), "x".repeat(256)]) {
      expect(content(nothing)).toBeUndefined();
      expect(g.call("error")).toBe(0);
    }
  });

  test("agrees with the list of files, for any list", () => {
    fc.assert(
      fc.property(files, path, (all, other) => {
        mount(buildImage(all));
        const directories = new Set(["", other]);
        for (const [index, one] of all.entries()) {
          expect(words(g, g.call("content", index))).toBe("ok");
          expect(content(one.path)).toEqual(Buffer.from(one.content));
          for (let at = one.path.lastIndexOf("/"); at > 0; at = one.path.lastIndexOf("/", at - 1)) {
            directories.add(one.path.slice(0, at));
          }
        }
        for (const directory of directories) {
          expect(children(directory)).toEqual(expected(all, directory));
        }
        if (!all.some((one) => one.path === other)) {
          expect(content(other)).toBeUndefined();
        }
      }),
      { numRuns: 60 },
    );
  });

  test("mounts by reading each block of index, strings and tree once", () => {
    // 700 files: 11 index blocks; their paths 6 blocks of strings; nothing else but superblock and tree is read.
    const many = Array.from({ length: 700 }, (_, index) =>
      file(`directory/file-${String(index).padStart(24, "0")}`, BLOCK_BYTES),
    );
    const image = buildImage(many);
    mount(image);
    const strings = Math.ceil((defined(many[0]?.path.length) * 700) / BLOCK_BYTES);
    const treeBlocksRead = 2;
    expect(g.call("readCount")).toBe(1 + 11 + strings + treeBlocksRead);
  });

  test("looks up a path in steps that grow with the logarithm of the number of files", () => {
    const many = Array.from({ length: 2000 }, (_, index) => file(`f${index}`, 0));
    mount(buildImage(many), "openCached");
    const before = g.call("readCount");
    expect(g.call("lookUp", ...ask("f1234"))).not.toBe(-1);
    // Eleven comparisons, for each an index block, a block of strings and their tree block at most.
    expect(g.call("readCount") - before).toBeLessThanOrEqual(33);
  });

  test("reads a file through a tree of two levels, and keeps the nodes between blocks", () => {
    const large = file("large", 300 * BLOCK_BYTES + 5);
    const image = buildImage([large]);
    mount(image);
    const before = g.call("readCount");
    expect(content("large")).toEqual(Buffer.from(large.content));
    // 301 blocks, and each of the three lower tree blocks once (one is held from the mount).
    expect(g.call("readCount") - before).toBeLessThanOrEqual(301 + 3);
  });

  test("gives the digest that the builder gives, and another digest for other content", () => {
    const image = buildImage(sampleFiles);
    mount(image);
    expect(Buffer.from(g.get(g.call("digest"), 32)).toString("hex")).toBe(imageDigest(image));
    const other = buildImage(sampleFiles.map((one) => (one.path === "bin/nx" ? file("bin/nx", 4999) : one)));
    expect(imageDigest(other)).not.toBe(imageDigest(image));
  });

  test("accepts a disk that is longer than the image", () => {
    mount(Buffer.concat([buildImage(sampleFiles), Buffer.alloc(3 * BLOCK_BYTES, 0xee)]));
  });

  test("takes a signature's bytes as they are, for the caller to verify", () => {
    const image = Buffer.from(buildImage(sampleFiles));
    image.writeUInt32LE(1, 256);
    image.fill(0x5a, 264, 360);
    mount(image);
    expect(g.call("signatureKind")).toBe(1);
  });
});
