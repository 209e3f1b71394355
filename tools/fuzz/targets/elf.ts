// The loader's ELF reader: any file, and the promises about the segments of what it accepts.

import { FuzzGuest } from "../engine/guest.ts";
import { promise, type Target } from "../engine/target.ts";

const INPUT_BYTES_MAX = 4096;
const PAGE_BYTES = 4096;
const FILE_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;

const text = `
import { USER_BEGIN, USER_PROGRAM_END } from "abi/layout";
import { ELF_STATE_BYTES, Executable } from "elf/reader";
const executable = changetype<Executable>(memory.data(ELF_STATE_BYTES, 8));
export function open(address: usize, length: u32): u32 { return executable.open(address, length); }
export function userBegin(): u32 { return USER_BEGIN; }
export function userEnd(): u32 { return USER_PROGRAM_END; }
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

/** The promises to a loader, which only copies bytes: written from the reader's interface, not from its code. */
function checkSegments(guest: FuzzGuest, length: number): void {
  const ask = (name: string, index: number): number => guest.call(name, index) >>> 0;
  const count = guest.call("count");
  const entry = guest.call("entry") >>> 0;
  const end = guest.call("userEnd") >>> 0;
  let free = guest.call("userBegin") >>> 0;
  let entries = 0;
  for (let index = 0; index < count; index++) {
    const address = ask("address", index);
    const memoryBytes = ask("memoryBytes", index);
    const fileBytes = ask("fileBytes", index);
    promise(memoryBytes > 0 && fileBytes <= memoryBytes, "a segment is empty, or longer in the file");
    promise(ask("fileOffset", index) + fileBytes <= length, "a segment is outside of the file");
    promise(
      address >= free && address + memoryBytes <= end,
      "segments overlap, or leave the program's space",
    );
    promise(ask("pagesStart", index) >= free, "two segments share a page");
    promise(ask("pagesStart", index) % PAGE_BYTES === 0, "pages begin inside a page");
    promise(ask("pagesEnd", index) >= address + memoryBytes, "pages end too early");
    promise(ask("executes", index) === 0 || ask("writes", index) === 0, "code can be written");
    entries += ask("executes", index) !== 0 && entry >= address && entry < address + fileBytes ? 1 : 0;
    free = ask("pagesEnd", index);
  }
  promise(count > 0 && entries === 1, "the entry is in no code");
}

/** A program of three segments, without contents: flags, address, file offset, bytes in file and memory. */
const segments: readonly (readonly [number, number, number, number, number])[] = [
  [5, 0x1_0000, 0, 0x200, 0x200],
  [4, 0x1_1200, 0x200, 0x100, 0x100],
  [6, 0x100_0000, 0x300, 0x10, 0x5000],
];

function sample(): Buffer {
  const file = Buffer.alloc(0x310);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(243, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(0x1_0000n, 24);
  file.writeBigUInt64LE(BigInt(FILE_HEADER_BYTES), 32);
  file.writeUInt16LE(FILE_HEADER_BYTES, 52);
  file.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  file.writeUInt16LE(segments.length, 56);
  for (const [index, [flags, address, offset, fileBytes, memoryBytes]] of segments.entries()) {
    const at = FILE_HEADER_BYTES + index * PROGRAM_HEADER_BYTES;
    file.writeUInt32LE(1, at);
    file.writeUInt32LE(flags, at + 4);
    for (const [word, value] of [offset, address, address, fileBytes, memoryBytes, PAGE_BYTES].entries()) {
      file.writeBigUInt64LE(BigInt(value), at + 8 + word * 8);
    }
  }
  return file;
}

export const elf: Target = {
  name: "elf",
  about: "the loader's reader of executables",
  inputBytesMax: INPUT_BYTES_MAX,
  isText: false,
  start: async () => {
    const guest = await FuzzGuest.start({ text, inputBytesMax: INPUT_BYTES_MAX });
    return guest.running({
      seeds: [sample()],
      dictionary: guest.dictionary,
      run: (input) => {
        guest.begin();
        if (guest.call("open", guest.place(input), input.length) === 0) {
          checkSegments(guest, input.length);
        }
      },
    });
  },
};
