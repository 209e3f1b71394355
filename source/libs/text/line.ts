/**
 * Lines of text, built in a byte buffer that the caller owns.
 *
 * A Line is a view over three words of the caller's memory; the text itself goes into the buffer that `begin` was
 * given. Nothing allocates: string literals are static UTF-16 data that is turned into UTF-8 on the way in, and numbers
 * are written digit by digit. What does not fit is left out, and `truncated` says so: a line is never longer than its
 * buffer, and never ends in half a character.
 *
 *     line.begin(buffer, 96).text("neuron: hart").decimal(hart).text(" online");
 */

/** How many decimal digits the largest u64 has. */
const DECIMAL_DIGITS_MAX: u32 = 20;

/** How many hexadecimal digits a u64 has. */
const HEX_DIGITS_MAX: u32 = 16;

/**
 *     0        4          8      12          16
 *     | start  | capacity | used | truncated |
 */
@unmanaged
@final
export class Line {
  private start: usize;
  private capacity: u32;
  private used: u32;
  private lost: u32;

  /** Starts an empty line in `capacity` bytes at `start`. Has to come first: the memory may hold anything. */
  begin(start: usize, capacity: u32): Line {
    this.start = start;
    this.capacity = capacity;
    this.used = 0;
    this.lost = 0;
    return this;
  }

  /** Where the line's first byte is. */
  get address(): usize {
    return this.start;
  }

  /** How many bytes the line has so far. */
  get length(): u32 {
    return this.used;
  }

  /** Whether something did not fit. */
  get truncated(): bool {
    return this.lost !== 0;
  }

  /** Appends one byte as it is. */
  byte(value: u8): Line {
    if (this.used >= this.capacity) {
      this.lost = 1;
      return this;
    }
    store<u8>(this.start + <usize>this.used, value);
    this.used += 1;
    return this;
  }

  /** Appends `length` bytes from `source`, as many as fit. */
  bytes(source: usize, length: u32): Line {
    const room = this.capacity - this.used;
    const count = min<u32>(length, room);
    memory.copy(this.start + <usize>this.used, source, <usize>count);
    this.used += count;
    if (count < length) {
      this.lost = 1;
    }
    return this;
  }

  /** Appends a string (a literal: static UTF-16) as UTF-8. An unpaired surrogate becomes U+FFFD. */
  text(words: string): Line {
    const source = changetype<usize>(words);
    const units = <u32>words.length;
    let index: u32 = 0;
    while (index < units) {
      let point = <u32>load<u16>(source + <usize>(index << 1));
      index += 1;
      if ((point & 0xf800) === 0xd800) {
        const low = index < units ? <u32>load<u16>(source + <usize>(index << 1)) : 0;
        if (point < 0xdc00 && (low & 0xfc00) === 0xdc00) {
          point = 0x10000 + ((point & 0x3ff) << 10) + (low & 0x3ff);
          index += 1;
        } else {
          point = 0xfffd;
        }
      }
      this.codePoint(point);
    }
    return this;
  }

  /** Appends an unsigned number in decimal, without leading zeros. */
  decimal(value: u64): Line {
    let weight: u64 = 1;
    let digits: u32 = 1;
    while (digits < DECIMAL_DIGITS_MAX && value / weight >= 10) {
      weight *= 10;
      digits += 1;
    }
    for (let digit: u32 = 0; digit < digits; digit += 1) {
      this.byte(<u8>(0x30 + ((value / weight) % 10)));
      weight /= 10;
    }
    return this;
  }

  /** Appends a code and its name: `65(Capacity)`. A code goes to a person in this form and no other. */
  code(value: u64, name: string): Line {
    return this.decimal(value).byte(0x28).text(name).byte(0x29);
  }

  /** Appends an unsigned number as lower-case hexadecimal digits, at least `digitsMin` (1 to 16) of them. */
  hexDigits(value: u64, digitsMin: u32): Line {
    let digits = max<u32>(1, min<u32>(digitsMin, HEX_DIGITS_MAX));
    while (digits < HEX_DIGITS_MAX && value >> ((<u64>digits) << 2) !== 0) {
      digits += 1;
    }
    while (digits > 0) {
      digits -= 1;
      this.byte(hexDigit(<u32>(value >> ((<u64>digits) << 2)) & 0xf));
    }
    return this;
  }

  /** Appends `0x` and the number in hexadecimal, without leading zeros. */
  hex(value: u64): Line {
    return this.byte(0x30).byte(0x78).hexDigits(value, 1);
  }

  /** Appends `length` bytes from `source`, each as two hexadecimal digits: a hash, for example. */
  hexBytes(source: usize, length: u32): Line {
    for (let index: u32 = 0; index < length; index += 1) {
      const value = <u32>load<u8>(source + <usize>index);
      this.byte(hexDigit(value >> 4)).byte(hexDigit(value & 0xf));
    }
    return this;
  }

  /** Appends untrusted bytes: those that could control a terminal (below 0x20, 0x7f and up) become `?`. */
  printable(source: usize, length: u32): Line {
    for (let index: u32 = 0; index < length; index += 1) {
      const value = <u32>load<u8>(source + <usize>index);
      this.byte(value >= 0x20 && value < 0x7f ? <u8>value : 0x3f);
    }
    return this;
  }

  /** Appends one character as UTF-8, or nothing at all if it does not fit as a whole. */
  private codePoint(point: u32): void {
    const size: u32 = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (this.capacity - this.used < size) {
      // The line is closed from here on. Otherwise a shorter character behind this one could still fit and change the
      // text.
      this.capacity = this.used;
      this.lost = 1;
      return;
    }
    if (size === 1) {
      this.byte(<u8>point);
      return;
    }
    // The first byte carries as many leading ones as the character has bytes, each further one six bits.
    let shift: u32 = (size - 1) * 6;
    this.byte(<u8>((0xf00 >> size) | (point >> shift)));
    while (shift > 0) {
      shift -= 6;
      this.byte(<u8>(0x80 | ((point >> shift) & 0x3f)));
    }
  }
}

/** The ASCII digit of a value below 16. */
function hexDigit(value: u32): u8 {
  return <u8>(value < 10 ? 0x30 + value : 0x61 + value - 10);
}

/** How much memory a Line needs for itself, in bytes (8-byte aligned), its buffer not counted. */
export const LINE_STATE_BYTES: u32 = <u32>offsetof<Line>();
