// The executable reader: what it says of a good program, every way in which it refuses a bad one, and any bytes.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import { type Guest, guest } from "../../harness/guest.ts";
import { Edge } from "../edge.ts";
import { flag, program, type SegmentWords, sampleSegments, type } from "./program.ts";

const text = `
import { elfErrorText, ElfError } from "elf/format";
import { ELF_STATE_BYTES, Executable } from "elf/reader";
const executable = changetype<Executable>(memory.data(512, 8));
export function stateFits(): bool { return ELF_STATE_BYTES <= 512; }
export function open(address: usize, length: u32): u32 { return executable.open(address, length); }
export function errorText(error: u32): string { return elfErrorText(<ElfError>error); }
export function errorSegment(): u32 { return executable.errorSegment; }
export function entry(): u32 { return executable.entry; }
export function count(): u32 { return executable.segmentCount; }
export function address(i: u32): u32 { return executable.segment(i).address; }
export function memoryBytes(i: u32): u32 { return executable.segment(i).memoryBytes; }
export function fileOffset(i: u32): u32 { return executable.segment(i).fileOffset; }
export function fileBytes(i: u32): u32 { return executable.segment(i).fileBytes; }
export function pagesStart(i: u32): u32 { return executable.segment(i).pagesStart; }
export function pagesEnd(i: u32): u32 { return executable.segment(i).pagesEnd; }
export function executes(i: u32): bool { return executable.segment(i).executable; }
export function writes(i: u32): bool { return executable.segment(i).writable; }
`;

describe("executable reader", () => {
  let g: Guest;
  let edge: Edge;

  beforeAll(async () => {
    g = await guest({ text });
    edge = new Edge(g, 1 << 20);
  });

  function refusal(file: Uint8Array): string {
    const error = g.call("open", edge.put(file), file.length);
    if (error !== 0) {
      return g.text(g.call("errorText", error));
    }
    return "ok";
  }

  /** The sample with one byte, or one word of an entry of the program header table, changed. */
  function changed(offset: number, value: number): Buffer {
    const file = program(sampleSegments);
    file[offset] = value;
    return file;
  }

  test("gives the segments of a good program", () => {
    expect(g.call("stateFits")).toBe(1);
    expect(refusal(program(sampleSegments, 0x1_0004n))).toBe("ok");
    expect(g.call("entry")).toBe(0x1_0004);
    const segments = Array.from({ length: g.call("count") }, (_, index) => [
      ...["address", "memoryBytes", "fileOffset", "fileBytes", "pagesStart", "pagesEnd"].map((name) =>
        g.call(name, index),
      ),
      g.call("executes", index) === 1,
      g.call("writes", index) === 1,
    ]);
    expect(segments).toEqual([
      [0x1_0000, 0x200, 0, 0x200, 0x1_0000, 0x1_1000, true, false],
      [0x1_1200, 0x100, 0x200, 0x100, 0x1_1000, 0x1_2000, false, false],
      [0x100_0000, 0x5000, 0x300, 0x10, 0x100_0000, 0x100_5000, false, true],
    ]);
  });

  test("takes a program that fills the user's memory", () => {
    const whole = [
      { address: 0x1_0000n },
      { flags: flag.read | flag.write, address: 0x6fff_f000n, fileBytes: 0n, memoryBytes: 0x1000n },
    ];
    expect(refusal(program(whole))).toBe("ok");
    expect(g.call("pagesEnd", 1)).toBe(0x7000_0000);
  });

  test.each([
    ["another magic number", 1, 0x65, "not an ELF file"],
    ["a 32-bit file", 4, 1, "not a 64-bit ELF file"],
    ["a big-endian file", 5, 2, "not a little-endian ELF file"],
    ["another version in its identification", 6, 2, "unknown ELF version"],
    ["another version", 20, 2, "unknown ELF version"],
    ["a shared object", 16, 3, "not a static executable (ET_EXEC)"],
    ["an x86 program", 18, 62, "not built for RISC-V"],
    [
      "a program for hardware floating point",
      48,
      5,
      "built for a floating-point or 16-register calling convention",
    ],
    ["a program for 16 registers", 48, 9, "built for a floating-point or 16-register calling convention"],
    ["a header of another size", 52, 63, "ELF header has the wrong size"],
    ["program headers of another size", 54, 32, "program headers have the wrong size"],
    ["no program header", 56, 0, "no program header, or too many"],
    ["too many program headers", 56, 17, "no program header, or too many"],
    ["program headers far outside", 39, 0x80, "program headers are outside the file"],
    ["program headers at the end", 33, 0x10, "program headers are outside the file"],
  ])("refuses %s", (_name, offset, value, words) => {
    expect(refusal(changed(offset, value))).toBe(words);
  });

  test.each<[string, SegmentWords, string]>([
    ["a dynamic section", { type: type.dynamic }, "needs a dynamic linker or thread-local storage"],
    ["an interpreter", { type: type.interpreter }, "needs a dynamic linker or thread-local storage"],
    ["thread-local storage", { type: type.threadLocal }, "needs a dynamic linker or thread-local storage"],
    ["an unknown flag", { flags: 12 }, "segment cannot be read, or has unknown flags"],
    ["memory that cannot be read", { flags: flag.write }, "segment cannot be read, or has unknown flags"],
    ["memory without any right", { flags: 0 }, "segment cannot be read, or has unknown flags"],
    ["writable code", { flags: 7 }, "segment is both writable and executable"],
    [
      "more in the file than in memory",
      { memoryBytes: 0x1ffn },
      "segment has more bytes in the file than in memory",
    ],
    ["bytes behind the file", { offset: 0xe01n }, "segment's bytes are outside the file"],
    ["bytes far behind the file", { offset: 0xffff_ffff_ffff_ff00n }, "segment's bytes are outside the file"],
    [
      "more bytes than the file has",
      { fileBytes: 0xffff_ffff_ffff_ffffn, memoryBytes: 0xffff_ffff_ffff_ffffn },
      "segment's bytes are outside the file",
    ],
    ["an address below the user's", { address: 0xf000n }, "segment is outside the memory of programs"],
    ["the null page", { address: 0n }, "segment is outside the memory of programs"],
    ["an end above the user's", { address: 0x6fff_fe01n }, "segment is outside the memory of programs"],
    [
      "an address in the kernel",
      { address: 0xffff_ffff_8020_0000n },
      "segment is outside the memory of programs",
    ],
    [
      "an address that wraps around in 32 bits",
      { address: 0x1_0001_0000n },
      "segment is outside the memory of programs",
    ],
    [
      "more memory than there is",
      { memoryBytes: 0x1_0000_0200n },
      "segment is outside the memory of programs",
    ],
  ])("refuses a segment with %s", (_name, segment, words) => {
    const segments = [{ type: type.note }, segment];
    expect(refusal(program(segments))).toBe(words);
    expect(g.call("errorSegment")).toBe(1);
  });

  test.each<[string, SegmentWords]>([
    ["overlap", { flags: 4, address: 0x1_0100n, fileBytes: 4n }],
    ["share a page", { flags: 4, address: 0x1_0200n, fileBytes: 4n }],
    ["go down", { flags: 4, address: 0x1_0000n, fileBytes: 4n }],
  ])("refuses segments that %s", (_name, second) => {
    expect(refusal(program([{ address: 0x1_0000n }, second]))).toBe(
      "segments overlap, share a page or do not ascend",
    );
  });

  test.each([
    ["outside of everything", 0x2_0000n],
    ["in data", 0x100_0000n],
    ["in read-only data", 0x1_1200n],
    ["at an odd address", 0x1_0001n],
    ["behind the code's last byte", 0x1_0200n],
    ["above 32 bits, at a good address below", 0x1_0001_0000n],
  ])("refuses an entry point %s", (_name, entry) => {
    expect(refusal(program(sampleSegments, entry))).toBe(
      "entry point is not an even address in executable code of the file",
    );
  });

  test("refuses a file without a segment to load, and one that is cut off anywhere", () => {
    expect(refusal(program([{ type: type.note }, { fileBytes: 0n }]))).toBe("nothing to load");
    const file = program(sampleSegments, 0x1_0000n, 0x310);
    expect(refusal(file)).toBe("ok");
    for (let length = 0; length < file.length; length += 1) {
      expect([length, refusal(file.subarray(0, length))]).not.toEqual([length, "ok"]);
    }
    expect(refusal(file.subarray(0, 63))).toBe("file is shorter than an ELF header");
  });

  test("accepts only segments inside the file and the user's memory, for any file", () => {
    const word = fc.oneof(fc.constantFrom(0, 1, 2, 4, 7, 0x1_0000, 0x7000_0000, 0xffff_ffff), fc.nat());
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: 85 }), word), { maxLength: 5 }),
        fc.integer({ min: 0, max: 0x400 }),
        (changes, length) => {
          const file = program(sampleSegments, 0x1_0000n, 0x400);
          for (const [place, value] of changes) {
            file.writeUInt32LE(value >>> 0, place * 4);
          }
          if (refusal(file.subarray(0, length)) !== "ok") {
            return;
          }
          let previousEnd = 0x1_0000;
          for (let index = 0; index < g.call("count"); index += 1) {
            const [start, end] = [g.call("pagesStart", index), g.call("pagesEnd", index)];
            expect(start).toBeGreaterThanOrEqual(previousEnd);
            expect(end).toBeLessThanOrEqual(0x7000_0000);
            expect(g.call("fileOffset", index) + g.call("fileBytes", index)).toBeLessThanOrEqual(length);
            expect(g.call("fileBytes", index)).toBeLessThanOrEqual(g.call("memoryBytes", index));
            expect(g.call("executes", index) + g.call("writes", index)).toBeLessThan(2);
            previousEnd = end;
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  const zig = findZig();

  test.skipIf(zig === undefined)("takes a program that clang and lld have made", () => {
    const folder = mkdtempSync(join(tmpdir(), "elf-"));
    try {
      const run = (...args: string[]): void => {
        const { status, stderr } = spawnSync(defined(zig), args, { cwd: folder });
        expect([stderr.toString(), status]).toEqual(["", 0]);
      };
      writeFileSync(join(folder, "p.c"), "int d = 5; int b[5000]; int _start(void) { return d + b[3]; }\n");
      const target = ["-target", "riscv64-unknown-none-elf", "-march=rv64imac", "-mabi=lp64"];
      run("clang", ...target, "-O2", "-c", "p.c", "-o", "p.o");
      run("ld.lld", "p.o", "-o", "p.elf");
      expect(refusal(readFileSync(join(folder, "p.elf")))).toBe("ok");
      expect(g.call("count")).toBe(3);
      expect(g.call("memoryBytes", 2)).toBe(4 + 20_000);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** The compiler of the locked dependencies, if there is one for this host. */
function findZig(): string | undefined {
  try {
    const name = `@zigc/${process.platform}-${process.arch}/package.json`;
    return join(dirname(createRequire(import.meta.url).resolve(name)), "bin/zig");
  } catch {
    return undefined;
  }
}
