/**
 * What a schema says about its structs, as data: the generator writes one table of 16-bit numbers for each file, and
 * the checker and the copier walk messages by it. So there is one checker, not one for each struct.
 *
 *   entry:  ┌────────────┬──────────────┬────────┬────────┬────────┬────────┬─ ─
 *           │ data words │ pointerCount │ kind 0 │ more 0 │ kind 1 │ more 1 │
 *           └────────────┴──────────────┴────────┴────────┴────────┴────────┴─ ─
 *
 * `more` is, by kind: the ElementSize of a list of scalars; the place of the struct's entry in the table (in 16-bit
 * numbers) for a struct or a list of structs; otherwise 0. An entry is named by its address.
 */

export const enum PointerKind {
  Text = 0,
  Data = 1,
  ScalarList = 2,
  Struct = 3,
  StructList = 4,
  TextList = 5,
  DataList = 6,
}

export function shapeDataWords(shape: usize): u32 {
  return load<u16>(shape);
}

export function shapePointerCount(shape: usize): u32 {
  return load<u16>(shape, 2);
}

export function shapeWords(shape: usize): u32 {
  return shapeDataWords(shape) + shapePointerCount(shape);
}

/** The PointerKind of the struct's pointer number `index`. */
export function shapeKind(shape: usize, index: u32): u32 {
  return load<u16>(shape + ((<usize>index) << 2), 4);
}

export function shapeMore(shape: usize, index: u32): u32 {
  return load<u16>(shape + ((<usize>index) << 2), 6);
}

/** The entry at place `more` of the table. */
export function shapeAt(table: usize, more: u32): usize {
  return table + ((<usize>more) << 1);
}
