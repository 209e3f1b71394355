/** Hexadecimal text to bytes: the host's random number in the device tree. */

/** The value of one hexadecimal digit, or -1. */
function digit(character: u8): i32 {
  if (character >= 0x30 && character <= 0x39) {
    return <i32>character - 0x30;
  }
  const lower = character | 0x20;
  if (lower >= 0x61 && lower <= 0x66) {
    return <i32>lower - 0x61 + 10;
  }
  return -1;
}

/** Writes the `bytes` bytes that the 2 × `bytes` digits at `text` spell to `into`. False if one is no digit. */
export function parseHex(text: usize, bytes: u32, into: usize): bool {
  for (let i: u32 = 0; i < bytes; i++) {
    const high = digit(load<u8>(text + i * 2));
    const low = digit(load<u8>(text + i * 2 + 1));
    if (high < 0 || low < 0) {
      return false;
    }
    store<u8>(into + i, <u8>((high << 4) | low));
  }
  return true;
}
