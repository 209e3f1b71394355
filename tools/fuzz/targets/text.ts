// What the guest does with text: lines that are put together in a small buffer, UTF-8, numbers, comparisons.
//
// The first byte of an input is the buffer's size, the second where the rest is cut into two texts.

import { FuzzGuest } from "../engine/guest.ts";
import { bytesOf, promise, type Target } from "../engine/target.ts";

const INPUT_BYTES_MAX = 1024;
const CANARY = 0x5a;
const CANARY_BYTES = 16;
const NOT_A_NUMBER = 2n ** 64n - 1n;

const text = `
import { compare, isUtf8, lengthToZero, parseDecimal } from "text/bytes";
import { LINE_STATE_BYTES, Line } from "text/line";
export { compare, isUtf8, lengthToZero };
const line = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const room: usize = memory.data(512, 8);
export function roomAt(): usize { return room; }
export function begin(capacity: u32): void {
  memory.fill(room, ${CANARY}, 512);
  line.begin(room, capacity);
}
export function length(): u32 { return line.length; }
export function truncated(): bool { return line.truncated; }
export function low(at: usize, length: u32): u32 { return <u32>parseDecimal(at, length); }
export function high(at: usize, length: u32): u32 { return <u32>(parseDecimal(at, length) >> 32); }
/** One step for each byte: what it appends follows from the byte and the bytes behind it. */
export function append(at: usize, length: u32): void {
  for (let i: u32 = 0; i < length; i += 1) {
    const byte = <u32>load<u8>(at + i);
    const rest = length - i;
    const word: u64 = rest >= 8 ? load<u64>(at + i) : byte;
    switch (byte & 7) {
      case 0: line.byte(<u8>byte); break;
      case 1: line.bytes(at + i, min<u32>(rest, byte)); break;
      case 2: line.text("grüße 😀"); break;
      case 3: line.decimal(word); break;
      case 4: line.hexDigits(word, byte >> 3); break;
      case 5: line.hex(word); break;
      case 6: line.printable(at + i, min<u32>(rest, byte)); break;
      default: line.code(word, "Capacity").hexBytes(at + i, min<u32>(rest, byte >> 4)); break;
    }
  }
}
`;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isUtf8(bytes: Uint8Array): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** What parseDecimal has to give. */
function decimal(bytes: Uint8Array): bigint {
  const digits = Buffer.from(bytes).toString("latin1");
  const value = /^[0-9]+$/.test(digits) ? BigInt(digits) : NOT_A_NUMBER;
  return value < NOT_A_NUMBER ? value : NOT_A_NUMBER;
}

function checkBytes(guest: FuzzGuest, at: number, bytes: Uint8Array): void {
  promise((guest.call("isUtf8", at, bytes.length) !== 0) === isUtf8(bytes), "isUtf8 is not the standard's");
  const zero = bytes.indexOf(0);
  promise(
    guest.call("lengthToZero", at, bytes.length) === (zero < 0 ? bytes.length : zero),
    "lengthToZero is wrong",
  );
  const half = (name: string): bigint => BigInt(guest.call(name, at, bytes.length) >>> 0);
  promise(((half("high") << 32n) | half("low")) === decimal(bytes), "parseDecimal is wrong");
}

export const texts: Target = {
  name: "text",
  about: "lines, UTF-8 and numbers of the guest",
  inputBytesMax: INPUT_BYTES_MAX,
  isText: false,
  start: async () => {
    const guest = await FuzzGuest.start({ text, inputBytesMax: INPUT_BYTES_MAX });
    const samples = [
      "\x40\x05hello\x01\x02\x03\x04\x05\x06\x07",
      "\x20\x0618446744073709551615",
      "\xff\x03é日😀ab\0c",
    ];
    return guest.running({
      seeds: samples.map(bytesOf),
      dictionary: ["18446744073709551615", "18446744073709551614", "é", "日", "😀"].map(bytesOf),
      run: (input) => {
        guest.begin();
        const [capacity = 0, cut = 0] = input;
        const body = input.subarray(2);
        const at = guest.place(body);
        const first = body.subarray(0, cut);
        const second = body.subarray(first.length);
        checkBytes(guest, at, first);
        checkBytes(guest, at + first.length, second);
        const order = guest.call("compare", at, first.length, at + first.length, second.length);
        promise(Math.sign(order) === Buffer.compare(first, second), "compare is wrong");
        guest.call("begin", capacity);
        guest.call("append", at, body.length);
        promise(guest.call("length") <= capacity, "the line is longer than its buffer");
        const behind = guest.get(guest.call("roomAt") + capacity, CANARY_BYTES);
        promise(
          behind.every((byte) => byte === CANARY),
          "the line wrote behind its buffer",
        );
      },
    });
  },
};
