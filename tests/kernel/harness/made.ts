// A system call that makes something, as many tests begin.

import { expect } from "vitest";
import { defined } from "../../harness/defined.ts";
import type { Kernel } from "./kernel.ts";

/** The task that runs on `hart` makes something: the slot that it has it in. Fails the test if that is refused. */
export function made(k: Kernel, hart: number, number: number, ...args: (bigint | number)[]): number {
  const { status, words } = k.ask(hart, number, ...args);
  expect([number, status]).toEqual([number, 0]);
  return Number(defined(words[0]));
}
