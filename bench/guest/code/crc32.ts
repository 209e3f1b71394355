/** CRC-32 of 4 KiB, with a table of 256 words. */
import { fillWords } from "./input";

const BYTES: u32 = 4096;

export function prepare(base: usize): void {
  fillWords(base, BYTES >> 2, 2);
  const table = base + BYTES;
  for (let index: u32 = 0; index < 256; index++) {
    let value = index;
    for (let bit = 0; bit < 8; bit++) {
      value = (value & 1) !== 0 ? (value >> 1) ^ 0xedb88320 : value >> 1;
    }
    store<u32>(table + ((<usize>index) << 2), value);
  }
}

export function work(base: usize): u32 {
  const table = base + BYTES;
  let sum: u32 = 0xffff_ffff;
  for (let index: u32 = 0; index < BYTES; index++) {
    const at = (sum ^ <u32>load<u8>(base + <usize>index)) & 255;
    sum = (sum >> 8) ^ load<u32>(table + ((<usize>at) << 2));
  }
  return ~sum;
}
