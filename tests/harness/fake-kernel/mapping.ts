// Whether the kernel maps a memory object: one judge for all fake kernels, as strict as the kernel.

import { pageBytes, Refusal, Right } from "./abi.ts";

/** Where something is mapped, in bytes. */
export interface Place {
  readonly address: number;
  readonly bytes: number;
}

/** What Map asks for. */
export interface Asked extends Place {
  readonly offset: number;
  readonly rights: number;
}

/** What the capability allows: its rights, and how large the object is. */
export interface Allowed {
  readonly rights: number;
  readonly bytes: number;
}

/** The Refusal, or 0 if the object may be mapped there beside `others`. */
export function mapRefusal(asked: Asked, allowed: Allowed, others: Iterable<Place>): number {
  const { address, bytes, offset, rights } = asked;
  if ((allowed.rights & rights) !== rights) {
    return Refusal.MissingRight;
  }
  const writeExecute = Right.Write | Right.Execute;
  if ((rights & Right.Read) === 0 || (rights & writeExecute) === writeExecute) {
    return Refusal.BadArgument;
  }
  if (address % pageBytes !== 0 || bytes === 0 || bytes % pageBytes !== 0) {
    return Refusal.BadArgument;
  }
  // No guest here maps a part, and a fake that supports it would be larger than what it stands for.
  if (offset !== 0 || bytes > allowed.bytes) {
    return Refusal.BadArgument;
  }
  return overlaps(asked, others) ? Refusal.Overlap : 0;
}

/** Whether a place has a byte in common with one of the others. */
export function overlaps({ address, bytes }: Place, others: Iterable<Place>): boolean {
  return [...others].some((one) => address < one.address + one.bytes && one.address < address + bytes);
}
