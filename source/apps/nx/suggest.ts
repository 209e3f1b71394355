/**
 * Guessing what was meant: how many single changes (a letter put in, taken out, put in place of another, or two
 * neighbours swapped) lead from one word to another. The optimal string alignment distance, with three rows.
 */

/** Longer words are not compared, since no command is that long. */
export const COMPARED_BYTES_MAX: u32 = 24;
/** The distance of a word that is not compared. */
export const FAR: u32 = 1000;

const ROW_COUNT: u32 = 3;
const ROW_BYTES: u32 = (COMPARED_BYTES_MAX + 1) * 4;
const rows: usize = memory.data(ROW_COUNT * ROW_BYTES, 8);

/** How far the bytes are from the ASCII string `target`. */
export function distance(start: usize, length: u32, target: string): u32 {
  const width = <u32>target.length;
  if (length > COMPARED_BYTES_MAX || width > COMPARED_BYTES_MAX) {
    return FAR;
  }
  for (let column: u32 = 0; column <= width; column++) {
    put(0, column, column);
  }
  for (let row: u32 = 1; row <= length; row++) {
    put(row, 0, row);
    for (let column: u32 = 1; column <= width; column++) {
      const isSame = byteAt(start, row) === unitAt(target, column);
      let best = get(row - 1, column - 1) + (isSame ? 0 : 1);
      best = min<u32>(best, min<u32>(get(row - 1, column), get(row, column - 1)) + 1);
      const isSwapped =
        row > 1 &&
        column > 1 &&
        byteAt(start, row) === unitAt(target, column - 1) &&
        byteAt(start, row - 1) === unitAt(target, column);
      if (isSwapped) {
        best = min<u32>(best, get(row - 2, column - 2) + 1);
      }
      put(row, column, best);
    }
  }
  return get(length, width);
}

function byteAt(start: usize, place: u32): u32 {
  return load<u8>(start + <usize>(place - 1));
}

function unitAt(text: string, place: u32): u32 {
  return load<u16>(changetype<usize>(text) + ((<usize>(place - 1)) << 1));
}

/** The rows are used in turn: only the last three matter. */
function cell(row: u32, column: u32): usize {
  return rows + <usize>((row % ROW_COUNT) * ROW_BYTES + (column << 2));
}

function get(row: u32, column: u32): u32 {
  return load<u32>(cell(row, column));
}

function put(row: u32, column: u32, value: u32): void {
  store<u32>(cell(row, column), value);
}
