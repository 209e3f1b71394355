// Every way in which an image is refused: one forged image each, with the message and the place in it.
// Images that are wrong behind the hash tree are sealed again, as a forger who can sign would seal them.

import { beforeAll, describe, expect, test } from "vitest";
import type { Guest } from "../../harness/guest.ts";
import { Edge } from "../edge.ts";
import { pkgimgGuest, refusalOf, words } from "./face.ts";
import { BLOCK_BYTES, entry, Forge, file, sampleFiles, superblock } from "./forge.ts";

const forge = (): Forge => new Forge(sampleFiles);

describe("package image reader refuses", () => {
  let g: Guest;
  let edge: Edge;

  beforeAll(async () => {
    g = await pkgimgGuest();
    edge = new Edge(g, 1 << 20);
  });

  const refusal = (image: { bytes: Uint8Array }, open?: "openCached"): string =>
    refusalOf(g, edge, image.bytes, open);

  test("nothing in a built image, read either way", () => {
    expect(g.call("stateFits")).toBe(1);
    expect(refusal(forge())).toBe("ok");
    expect(refusal(forge(), "openCached")).toBe("ok");
    expect(refusal(forge().seal())).toBe("ok");
    expect(forge().seal().bytes.equals(forge().bytes)).toBe(true);
  });

  test("an empty disk", () => {
    expect(refusal({ bytes: new Uint8Array(0) })).toBe(
      "its disk or file is smaller than one block of 4096 bytes (block 0)",
    );
  });

  test.each([
    ["another magic number", superblock.magic, 1, "not a package image"],
    [
      "the format before",
      superblock.version,
      1,
      "written in format 1, which is no longer read: build it again (./nx image build)",
    ],
    ["a later version", superblock.version, 3, "unknown version"],
    ["no version", superblock.version, 0, "unknown version"],
    ["another block size", superblock.blockBytes, 512, "block size is not 4096"],
    ["no blocks", superblock.blockCount, 0, "block count is zero or over the limit"],
    ["too many blocks", superblock.blockCount, 0x4_0001, "block count is zero or over the limit"],
    ["more blocks than the disk has", superblock.blockCount, 100, "image is longer than its disk or file"],
    ["unknown flags", superblock.flags, 1, "unknown flags"],
    ["no entries", superblock.entryCount, 0, "entry count is zero or over the limit"],
    ["too many entries", superblock.entryCount, 0x2_0001, "entry count is zero or over the limit"],
    ["entries that need a longer index", superblock.entryCount, 65, "index is not where it has to be"],
    ["an index elsewhere", superblock.indexBlock, 2, "index is not where it has to be"],
    ["an index of another length", superblock.indexBlockCount, 2, "index is not where it has to be"],
    ["strings elsewhere", superblock.stringBlock, 1, "string table is not where it has to be"],
    ["no strings", superblock.stringBytes, 0, "string table is not where it has to be"],
    ["too many strings", superblock.stringBytes, 0xffff_ffff, "string table is not where it has to be"],
    ["data elsewhere", superblock.dataBlock, 2, "data is not where it has to be"],
    ["too much data", superblock.dataBlockCount, 0xffff_ffff, "data is not where it has to be"],
    ["a tree elsewhere", superblock.treeBlock, 1, "hash tree is not where it has to be"],
    ["a tree of another length", superblock.treeBlockCount, 2, "hash tree is not where it has to be"],
    ["a tree of huge length", superblock.treeBlockCount, 0xffff_ffff, "hash tree is not where it has to be"],
    ["a label that is not UTF-8", superblock.label, 0xff, "label is not UTF-8 padded with zeros"],
    ["bytes behind the label", superblock.label + 28, 1, "label is not UTF-8 padded with zeros"],
    ["an unknown signature", superblock.signatureKind, 2, "unknown kind of signature"],
    ["a key without signature", superblock.keyId, 1, "signature bytes without a signature"],
    ["signature bytes without one", superblock.signature + 60, 1, "signature bytes without a signature"],
    [
      "bytes in the signed padding",
      superblock.signedReserved,
      1,
      "unused bytes of the superblock are not zero",
    ],
    ["bytes before the key", superblock.signatureReserved, 1, "unused bytes of the superblock are not zero"],
    ["bytes behind the signature", superblock.reserved, 1, "unused bytes of the superblock are not zero"],
    ["bytes at the superblock's end", 4092, 1, "unused bytes of the superblock are not zero"],
  ])("%s", (_name, offset, value, said) => {
    expect(refusal(forge().set(offset, value))).toBe(`${said} (block 0)`);
  });

  test("a superblock that does not match its hash", () => {
    for (const offset of [superblock.rootHash, superblock.label, superblock.sequence, superblock.checksum]) {
      expect(refusal(forge().flip(offset))).toBe("superblock does not match its hash (block 0)");
    }
  });

  test("a superblock that claims a longer tree on a disk that has the blocks", () => {
    const forged = forge();
    const blocks = forged.get(superblock.blockCount);
    forged
      .set(superblock.blockCount, blocks + 1)
      .set(superblock.treeBlockCount, 2)
      .sealSuperblock();
    expect(refusal({ bytes: Buffer.concat([forged.bytes, Buffer.alloc(BLOCK_BYTES)]) })).toBe(
      "hash tree is not where it has to be (block 0)",
    );
  });

  test("a tree with more or fewer levels than its blocks need", () => {
    expect(refusal(forge().set(superblock.treeLevels, 2).sealSuperblock())).toBe(
      "hash tree is not where it has to be (block 0)",
    );
  });

  test("a tree that does not match its root, or has bytes where it has no hashes", () => {
    const tree = forge().get(superblock.treeBlock);
    expect(refusal(forge().flip(forge().at("treeBlock")))).toBe(
      `hash tree does not match its root (block ${tree}, entry 0)`,
    );
    expect(refusal(forge().flip(superblock.rootHash).sealSuperblock())).toBe(
      `hash tree does not match its root (block ${tree}, entry 0)`,
    );
    expect(refusal(forge().flip(forge().at("treeBlock", 4095)).sealRoot())).toBe(
      `unused bytes of the hash tree are not zero (block ${tree}, entry 0)`,
    );
  });

  test("a block that does not match its hash, by the region it is in", () => {
    const { at } = { at: (region: Parameters<Forge["at"]>[0]) => forge().at(region) };
    const blockOf = (offset: number): number => offset / BLOCK_BYTES;
    expect(refusal(forge().flip(at("indexBlock")))).toBe("index does not match its hash (block 1, entry 0)");
    expect(refusal(forge().flip(at("stringBlock")))).toBe(
      `string table does not match its hash (block ${blockOf(at("stringBlock"))}, entry 0)`,
    );
    const second = at("dataBlock") + BLOCK_BYTES;
    expect(refusal(forge().flip(second))).toBe(`data does not match its hash (block ${blockOf(second)})`);
    expect(refusal(forge().flip(second), "openCached")).toBe(
      `data does not match its hash (block ${blockOf(second)})`,
    );
  });

  test("two blocks that were swapped", () => {
    const forged = new Forge([file("a", BLOCK_BYTES), file("b", BLOCK_BYTES - 1)]);
    const first = forged.at("dataBlock");
    const kept = Buffer.from(forged.bytes.subarray(first, first + BLOCK_BYTES));
    forged.bytes.copyWithin(first, first + BLOCK_BYTES, first + 2 * BLOCK_BYTES);
    kept.copy(forged.bytes, first + BLOCK_BYTES);
    expect(refusal(forged)).toBe(`data does not match its hash (block ${first / BLOCK_BYTES})`);
  });

  test("a block that cannot be read", () => {
    const { bytes } = forge();
    const blocks = bytes.length / BLOCK_BYTES;
    const data = forge().get(superblock.dataBlock);
    for (const open of ["open", "openCached"]) {
      expect(g.call(open, edge.put(bytes), blocks)).toBe(0);
      g.call("failAt", data);
      expect(g.call("check")).toBe(0);
      expect(words(g, g.call("content", 0))).toBe("block could not be read");
      expect(g.call("errorBlock")).toBe(data);
    }
    expect(g.call("open", edge.put(bytes), blocks)).toBe(0);
    g.call("failAt", 1);
    expect(words(g, g.call("check"))).toBe("block could not be read");
  });

  test("a block outside the contents, an entry outside the index", () => {
    const { bytes } = forge();
    g.call("open", edge.put(bytes), bytes.length / BLOCK_BYTES);
    for (const block of [0, forge().get(superblock.treeBlock), 0xffff_ffff]) {
      expect(g.call("block", block)).toBe(0);
      expect(words(g, g.call("error"))).toBe("block is outside the image");
    }
    expect(words(g, g.call("pick", 5))).toBe("entry is outside the index");
    expect(words(g, g.call("pick", 0xffff_ffff))).toBe("entry is outside the index");
  });

  // The sample's paths, in order: bin/nx (6 bytes), fixtures/a/deep (15), fixtures/a-b (12), …
  // Its files, by their places in the data: 0 to 5000, 5000 to 5017, 8192 to 12,288, 12,288 (empty), 12,288 to 12,588.
  const dataStart = forge().at("dataBlock");
  test.each([
    [
      "flags of an entry",
      (f: Forge) => f.setEntry(1, entry.flags, 1),
      "unused bytes of the entry are not zero",
      1,
    ],
    [
      "a huge length of a compressed file",
      (f: Forge) => f.setEntry(1, entry.storedLength + 4, 1),
      "compressed file is as long as it would be without, or shorter than its table",
      1,
    ],
    [
      "a path that begins elsewhere",
      (f: Forge) => f.setEntry(1, entry.pathOffset, 5),
      "path does not follow the one before it in the string table",
      1,
    ],
    [
      "a path outside the strings",
      (f: Forge) => f.setEntry(1, entry.pathOffset, 0xffff_fff0),
      "path does not follow the one before it in the string table",
      1,
    ],
    [
      "a path that ends outside the strings",
      (f: Forge) => f.setEntry(4, entry.pathLength, 17),
      "path does not follow the one before it in the string table",
      4,
    ],
    ["an empty path", (f: Forge) => f.setEntry(0, entry.pathLength, 0), "path is empty", 0],
    ["a long path", (f: Forge) => f.setEntry(0, entry.pathLength, 256), "path is too long", 0],
    [
      "a path that is not UTF-8",
      (f: Forge) => f.setStrings(Uint8Array.of(0xc0, 0xaf)),
      "path is not UTF-8",
      0,
    ],
    ["a path with a zero byte", (f: Forge) => f.setStrings("b\0n"), "path has a control character", 0],
    ["a path with an escape", (f: Forge) => f.setStrings("b\x1bn"), "path has a control character", 0],
    ["a path with a delete", (f: Forge) => f.setStrings("b\x7fn"), "path has a control character", 0],
    [
      "a leading slash",
      (f: Forge) => f.setStrings("/in/nx"),
      "path has an empty part (a slash at its start or end, or two in a row)",
      0,
    ],
    [
      "a trailing slash",
      (f: Forge) => f.setStrings("bin/n/"),
      "path has an empty part (a slash at its start or end, or two in a row)",
      0,
    ],
    [
      "two slashes",
      (f: Forge) => f.setStrings("bi//nx"),
      "path has an empty part (a slash at its start or end, or two in a row)",
      0,
    ],
    ["a part that is ..", (f: Forge) => f.setStrings("../bin"), "path has a part that is '.' or '..'", 0],
    [
      "a last part that is ..",
      (f: Forge) => f.setStrings("bin/.."),
      "path has a part that is '.' or '..'",
      0,
    ],
    ["a part that is .", (f: Forge) => f.setStrings("./binx"), "path has a part that is '.' or '..'", 0],
    ["paths out of order", (f: Forge) => f.setStrings("zin/nx"), "paths are not in order", 1],
    [
      "files that overlap",
      (f: Forge) => f.setEntry(1, entry.byteOffset, dataStart + 4992),
      "file overlaps the one before it",
      1,
    ],
    [
      "a file that begins where the one before does",
      (f: Forge) => f.setEntry(1, entry.byteOffset, dataStart),
      "file overlaps the one before it",
      1,
    ],
    [
      "a gap between files",
      (f: Forge) => f.setEntry(1, entry.byteOffset, dataStart + 5008),
      "file is not where it has to be behind the one before it",
      1,
    ],
    [
      "a gap before the first file",
      (f: Forge) => f.setEntry(0, entry.byteOffset, dataStart + 8),
      "file is not where it has to be behind the one before it",
      0,
    ],
    [
      "a file on a block of its own that fits into the one before",
      (f: Forge) => f.setEntry(1, entry.byteOffset, dataStart + 8192),
      "file is not where it has to be behind the one before it",
      1,
    ],
    [
      "a file across two blocks that fits into one",
      (f: Forge) => f.setEntry(2, entry.byteOffset, dataStart + 5024),
      "file is not where it has to be behind the one before it",
      2,
    ],
    [
      "a file at an odd place",
      (f: Forge) => f.setEntry(2, entry.byteOffset, dataStart + 5017),
      "file is not where it has to be behind the one before it",
      2,
    ],
    [
      "a file in the superblock",
      (f: Forge) => f.setEntry(0, entry.byteOffset, 0),
      "file reaches outside the data",
      0,
    ],
    [
      "a file in the strings",
      (f: Forge) => f.setEntry(0, entry.byteOffset, dataStart - 8),
      "file reaches outside the data",
      0,
    ],
    [
      "a file in the tree",
      (f: Forge) => f.setEntry(4, entry.byteOffset, f.at("treeBlock")),
      "file reaches outside the data",
      4,
    ],
    [
      "a file that begins behind the image",
      (f: Forge) => f.setEntry(4, entry.byteOffset, 0xffff_fff8),
      "file reaches outside the data",
      4,
    ],
    [
      "a file that reaches into the tree by one byte",
      (f: Forge) => f.setEntry(4, entry.byteLength, 4097),
      "file reaches outside the data",
      4,
    ],
    [
      "a file whose end does not fit 32 bits",
      (f: Forge) => f.setEntry(4, entry.byteLength, 0xffff_ffff),
      "file reaches outside the data",
      4,
    ],
    [
      "a file longer than can be",
      (f: Forge) => f.setEntry(4, entry.byteLength + 4, 1),
      "file reaches outside the data",
      4,
    ],
    [
      "data that belongs to no file",
      (f: Forge) => f.setEntry(4, entry.byteLength, 0),
      "data is longer than its files",
      4,
    ],
    [
      "strings that belong to no entry",
      (f: Forge) => f.setEntry(4, entry.pathLength, 10),
      "string table is longer than its paths",
      4,
    ],
    [
      "a file that is another",
      (f: Forge) => f.flip(f.at("indexBlock", 64 + entry.hash)),
      "file does not match its hash",
      1,
    ],
  ])("%s", (_name, change, said, at) => {
    const forged = change(forge()).seal();
    expect(refusal(forged)).toBe(`${said} (block 1, entry ${at})`);
    expect(refusal(forged, "openCached")).toBe(`${said} (block 1, entry ${at})`);
  });

  test("a path that comes twice", () => {
    const forged = new Forge([file("aa", 1), file("ab", 1)]).setStrings("aaaa").seal();
    expect(refusal(forged)).toBe("path is there twice (block 1, entry 1)");
  });

  test("a path that leads through a file, also with others between them in byte order", () => {
    const through = new Forge([file("a", 1), file("b/b", 1), file("b-b", 1)]).setStrings("aa/b").seal();
    expect(refusal(through)).toBe("path leads through a file (block 1, entry 1)");
    const bytewise = new Forge([file("a", 1), file("b-c", 1), file("c/d", 1)]).setStrings("aa-ca/d").seal();
    expect(refusal(bytewise)).toBe("paths are not in order (block 1, entry 2)");
  });

  test("a path of too many parts", () => {
    const deep = new Forge([file("a".repeat(33), 1)]).setStrings("a/".repeat(16)).seal();
    expect(refusal(deep)).toBe("path has too many parts (block 1, entry 0)");
    const allowed = new Forge([file("a".repeat(31), 1)]).setStrings(`${"a/".repeat(15)}a`).seal();
    expect(refusal(allowed)).toBe("ok");
  });

  test("bytes behind the index and the strings", () => {
    const index = forge();
    expect(refusal(index.flip(index.at("indexBlock", 5 * 64)).seal())).toBe(
      "unused bytes of the index are not zero (block 1)",
    );
    const strings = forge();
    expect(refusal(strings.flip(strings.at("stringBlock", 4095)).seal())).toBe(
      "unused bytes of the string table are not zero (block 2)",
    );
  });

  test("a tree that ends with the image only because the sum goes round", () => {
    const image = forge();
    const blocks = image.get(superblock.blockCount);
    const tree = blocks + 1;
    image.set(superblock.dataBlockCount, tree - image.get(superblock.dataBlock));
    image.set(superblock.treeBlock, tree).set(superblock.treeBlockCount, 0xffff_ffff);
    expect(refusal(image.sealSuperblock())).toBe("hash tree is not where it has to be (block 0)");
  });

  test("a path of no bytes, and one of more than 255", () => {
    const at = g.put(Buffer.alloc(256, "a"));
    expect(words(g, g.call("pathProblem", at, 0))).toBe("path is empty");
    expect(words(g, g.call("pathProblem", at, 256))).toBe("path is too long");
    expect(words(g, g.call("pathProblem", at, 255))).toBe("ok");
  });
});
