// The host's reader of ELF files on files that are right, and on files of which one number is wrong.

import { describe, expect, test } from "vitest";
import { readElf, readLoadable } from "../../host/elf.ts";
import { readProgram } from "../../machine/host/program.ts";
import { elfFile, pattern } from "../runtime/elf.ts";

const content = pattern(64, 3);

/** A file with one segment, after `change` did what it does. */
function changed(change: (view: DataView) => void = () => undefined): Uint8Array {
  const file = elfFile(0x8000_0000, [{ address: 0x8000_0000, content, memoryBytes: 100, flags: 5 }]);
  change(new DataView(file.buffer));
  return file;
}

/** A file whose header says that there are sections at a place. */
function withSections(offset: bigint, count: number, entryBytes = 64): Uint8Array {
  return changed((view) => {
    view.setBigUint64(40, offset, true);
    view.setUint16(58, entryBytes, true);
    view.setUint16(60, count, true);
  });
}

describe("a program", () => {
  test("has its segments, each with the zeros behind it", () => {
    expect(readProgram(changed(), "it")).toEqual({
      segments: [{ address: 0x8000_0000, bytes: content, memoryBytes: 100 }],
      entry: 0x8000_0000,
    });
  });

  test.each<[string, (view: DataView) => void, string]>([
    ["a segment beyond the end", (view) => view.setBigUint64(72, 200n, true), "it is cut off"],
    ["a segment at 2^64 - 1", (view) => view.setBigUint64(72, 2n ** 64n - 1n, true), "is too large"],
    ["more in the file than in memory", (view) => view.setBigUint64(104, 63n, true), "than in memory"],
    ["an address that is no number", (view) => view.setBigUint64(88, 2n ** 63n, true), "address 0x8"],
    ["program headers beyond the end", (view) => view.setUint16(56, 9, true), "it is cut off"],
    ["program headers of 32 bytes", (view) => view.setUint16(54, 32, true), "32 bytes instead of 56"],
    ["a 32-bit file", (view) => view.setUint8(4, 1), "not 64-bit"],
    ["another magic number", (view) => view.setUint8(0, 0), "the magic number is missing"],
    ["another processor", (view) => view.setUint16(18, 62, true), "names machine 62"],
    ["no segment that is loaded", (view) => view.setUint32(64, 6, true), "no segment to load"],
  ])("with %s is a Problem that names the file", (_, change, says) => {
    const read = () => readProgram(changed(change), "the kernel");
    expect(read).toThrow(expect.objectContaining({ name: "Problem" }));
    expect(read).toThrow(/^the kernel /);
    expect(read).toThrow(says);
  });

  test("that is cut off anywhere is a Problem", () => {
    const file = changed();
    for (let length = 0; length < file.length; length++) {
      const cut = () => readLoadable(file.subarray(0, length), "cut.elf");
      expect(cut).toThrow(expect.objectContaining({ name: "Problem" }));
    }
  });
});

describe("sections", () => {
  test("a file may have none", () => {
    expect(readElf(changed(), "it")).toEqual({ sections: new Map(), symbols: [] });
  });

  test.each([
    ["headers beyond the end", withSections(150n, 1), "it is cut off"],
    ["headers of another size", withSections(64n, 1, 40), "40 bytes instead of 64"],
    ["a place that no file has", withSections(2n ** 60n, 1), "is too large"],
    // The bytes of the segment, taken for a section header.
    ["contents beyond the end", withSections(120n, 1), "too large"],
  ])("with %s are a Problem that names the file", (_, file, says) => {
    expect(() => readElf(file, "x.elf")).toThrow(/^x\.elf is not an ELF file that can be read: /);
    expect(() => readElf(file, "x.elf")).toThrow(says);
  });
});
