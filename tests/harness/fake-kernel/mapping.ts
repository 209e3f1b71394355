// Whether the kernel maps a memory object, judged as source/kernel/neuron/src/syscall/memory.ts and lifecycle/memory.ts do.

import { pageBytes, Refusal, Right, userEnd } from "../abi.ts";

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
  const { bytes, offset, rights } = asked;
  if (!areMappingRights(rights)) {
    return Refusal.BadArgument;
  }
  if ((allowed.rights & rights) !== rights) {
    return Refusal.MissingRight;
  }
  if (offset % pageBytes !== 0 || offset >= allowed.bytes || bytes === 0 || bytes > allowed.bytes - offset) {
    return Refusal.BadArgument;
  }
  return placeRefusal(asked, others);
}

/** Readable at least; never writable and executable at once. */
export function areMappingRights(rights: number): boolean {
  const writeExecute = Right.Write | Right.Execute;
  const isKnown = (rights & ~(Right.Read | writeExecute)) === 0;
  return isKnown && (rights & Right.Read) !== 0 && (rights & writeExecute) !== writeExecute;
}

/** The Refusal, or 0 if a task may have something there beside `others`. */
export function placeRefusal(place: Place, others: Iterable<Place>): number {
  const { address, bytes } = place;
  const isAligned = address % pageBytes === 0 && bytes % pageBytes === 0;
  if (!isAligned || bytes === 0 || address < pageBytes || address + bytes > userEnd) {
    return Refusal.BadArgument;
  }
  const isTaken = [...others].some(
    (one) => address < one.address + one.bytes && one.address < address + bytes,
  );
  return isTaken ? Refusal.Overlap : 0;
}
