// A kernel, and system calls by task instead of by hart: time goes on until the task runs, and the call is done.

import { expect } from "vitest";
import { defined } from "../../harness/defined.ts";
import { forever, Kernel, Kind, Refusal, Right, sys, TICK_TIME, Wait } from "./kernel.ts";

export let k: Kernel;

/** A kernel of its own for each test, with four idle harts. */
export async function bootKernel(): Promise<void> {
  k = await Kernel.boot();
}

/** Ticks until a task gets a hart, or ends, and turns of one call. */
export const TICKS_MAX = 50;
export const TURNS_MAX = 1000;

/** The hart that runs `task`, which is runnable: time goes on until one does. */
export function hartOf(task: number): number {
  for (let i = 0; i < TICKS_MAX; i++) {
    const hart = k.hartOf(task);
    if (hart >= 0) {
      return hart;
    }
    k.pass(TICK_TIME);
  }
  throw new Error(`task ${task} does not get a hart`);
}

/** A system call of `task`, that it makes until it is done. */
export function ask(
  task: number,
  number: number,
  ...args: (bigint | number)[]
): { status: number; words: bigint[] } {
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    if (k.turn(hartOf(task), number, ...args)) {
      return k.results(task);
    }
    k.pass(1n);
  }
  throw new Error(`system call ${number} does not come to its end`);
}

/** The same of a call that gives a slot. */
export function slotFrom(task: number, number: number, ...args: (bigint | number)[]): number {
  const { status, words } = ask(task, number, ...args);
  expect(status).toBe(Refusal.None);
  return Number(defined(words[0]));
}

/** `from` sends what is in its `slot` to `to`: the slot that it has there, or the refusal. */
export function send(from: number, to: number, slot: number): number {
  const endpoint = k.guest.call("newEndpoint");
  const receive = k.give(to, Kind.Endpoint, endpoint, Right.Receive);
  const call = k.give(from, Kind.Endpoint, endpoint, Right.Send);
  k.syscall(hartOf(to), sys.Receive, receive, forever);
  k.syscall(hartOf(from), sys.Call, call, infoWith(slot), 0, 0, 0, 0, forever);
  const got = k.results(to);
  if (k.waits(from) !== Wait.Replying) {
    return k.results(from).status;
  }
  const there = Number((defined(got.words[0]) >> 16n) & 0xffn) - 1;
  ask(to, sys.Reply, defined(got.words[5]), 0, 0, 0);
  ask(to, sys.Drop, receive);
  ask(from, sys.Drop, call);
  return there;
}

export function infoWith(slot: number): bigint {
  return (BigInt(slot + 1) << 16n) | (BigInt(Right.All) << 24n);
}
