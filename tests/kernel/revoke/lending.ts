// Tasks that lend to each other, for the tests of what is taken back.

import { Right, self, sys } from "../harness/kernel.ts";
import { ask, k, slotFrom } from "../harness/tasks.ts";

export const PAGE = 4096;
export const READ_WRITE = Right.Read | Right.Write;
export const PLACE = 0x2000_0000;
export const LENDERS_MAX = 8;

export function lend(task: number, slot: number, rights: number = Right.All): number {
  return slotFrom(task, sys.Lend, slot, rights, 0);
}

export function createVmo(task: number, pages = 1): { slot: number; vmo: number } {
  const slot = slotFrom(task, sys.CreateVmo, pages * PAGE, self);
  return { slot, vmo: k.guest.call("objectAt", task, slot) };
}

export function map(task: number, slot: number, pages = 1): number {
  return ask(task, sys.Map, self, slot, PLACE, 0, pages * PAGE, READ_WRITE).status;
}

export function kindAt(task: number, slot: number): number {
  return k.guest.call("kindAt", task, slot);
}

export function references(vmo: number): number {
  return k.guest.call("vmoReferences", vmo);
}

/** A lender and two others, each on a hart of its own. */
export function threeTasks(): [number, number, number] {
  return [k.spawnOn(0), k.spawnOn(1), k.spawnOn(2)];
}
