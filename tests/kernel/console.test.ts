// What the kernel and the tasks print reaches the console's owner whole. What finds no room is counted, and what the owner
// leaves unread goes out when it ends.

import { beforeEach, describe, expect, test } from "vitest";
import { consoleWriteMax, messageBytesMax, messagePage } from "../harness/abi.ts";
import { defined } from "../harness/defined.ts";
import { Kernel, Kind, Refusal, Right, sys, TICK_TIME } from "./harness/kernel.ts";

/** Bytes that are kept for the owner. */
const RING_BYTES = 16_384;
const READS_MAX = 10;
/** More than go out in one go when the owner ends. */
const UNREAD_LINES = 5;

let k: Kernel;
let owner: number;
let slot: number;
beforeEach(async () => {
  k = await Kernel.boot();
  // Each hart has its first tick, of which the kernel tells.
  k.pass(TICK_TIME);
  k.console = "";
  owner = k.spawnOn(0);
  slot = k.give(owner, Kind.Console, 0);
  const bell = k.give(owner, Kind.Notification, k.guest.call("newNotification"));
  expect(k.ask(0, sys.ConsoleOwn, slot, bell, 1).status).toBe(0);
});

/** What the owner reads. */
function read(): string {
  const page = k.guest.call("messagePageOf", owner);
  let text = "";
  for (let reads = 0; reads < READS_MAX; reads++) {
    const { words } = k.ask(0, sys.ConsoleRead, slot);
    const bytes = Number(defined(words[0]));
    text += Buffer.from(k.guest.get(page, bytes)).toString("latin1");
    if (bytes < messageBytesMax) {
      return text;
    }
  }
  throw new Error("the console is never empty");
}

/** A task on hart 1 that prints what it is given. */
function printer(): { task: number; print(text: string): number } {
  const task = k.spawnOn(1);
  const console = k.give(task, Kind.Console, 0);
  const print = (text: string): number => {
    const bytes = Buffer.from(text);
    k.guest.bytes().set(bytes, k.guest.call("messagePageOf", task) >>> 0);
    return k.ask(1, sys.ConsoleWrite, console, messagePage, bytes.length).status;
  };
  return { task, print };
}

function faultOn(hart: number): void {
  k.spawnOn(hart);
  k.fault(hart, 13, 0x40n);
}

describe("the console's owner", () => {
  test("reads each line of the kernel's, and none counts as lost", () => {
    faultOn(1);
    faultOn(1);
    const text = read();
    expect(text.match(/ended: load page fault/g)).toHaveLength(2);
    expect(text).not.toMatch(/lost/);
    expect(k.console).toBe("");
  });

  test("is told of as many lines of the kernel's as there was no room for", () => {
    const { print } = printer();
    const whole = "x".repeat(consoleWriteMax);
    for (let printed = 0; printed < RING_BYTES && print(whole) === 0; printed += consoleWriteMax) {}
    expect(print(whole)).toBe(Refusal.TryAgain);
    for (let printed = 0; printed < consoleWriteMax && print("y") === 0; printed++) {}
    faultOn(2);
    faultOn(2);
    expect(read()).toMatch(/^x+y*$/);
    faultOn(2);
    expect(read()).toMatch(/^neuron: lines lost: 2\nneuron: task .* ended: load page fault[^\n]*\n$/);
  });

  test("may leave much unread: all of it goes out when it ends, and then the console is another's", () => {
    const { task, print } = printer();
    const lines = Array.from({ length: UNREAD_LINES }, (_, i) => `${String(i).repeat(100)}\n`);
    for (const line of lines) {
      expect(print(line)).toBe(0);
    }
    expect(k.console).toBe("");
    k.syscall(0, sys.Exit, 0);
    for (let tick = 0; tick < UNREAD_LINES; tick++) {
      k.pass(TICK_TIME);
    }
    expect(k.console).toBe(lines.join(""));
    expect(print("by itself\n")).toBe(0);
    expect(k.console).toBe(`${lines.join("")}by itself\n`);
    const bell = k.give(task, Kind.Notification, k.guest.call("newNotification"));
    expect(k.ask(1, sys.ConsoleOwn, k.give(task, Kind.Console, 0), bell, 1).status).toBe(0);
    k.check([task]);
  });
});

describe("what is written with a badge", () => {
  const BADGE = 0x12a0_00ff;
  const frame = (text: string): string => `\x0e12a000ff${text.length.toString(16).padStart(3, "0")}${text}`;

  /** A task on hart 1 that prints with the badge (`write`) and without. */
  function framed(): {
    console: number;
    write(slot: number, text: string): number;
    print(text: string): number;
  } {
    const { task, print } = printer();
    const console = k.give(task, Kind.Console, 0, Right.Write | Right.Transfer, BADGE);
    const write = (from: number, text: string): number => {
      k.guest.bytes().set(Buffer.from(text), k.guest.call("messagePageOf", task) >>> 0);
      return k.ask(1, sys.ConsoleWrite, from, messagePage, text.length).status;
    };
    return { console, write, print };
  }

  test("comes in a frame that says whose it is and how long, up to the longest line", () => {
    const { console, write, print } = framed();
    const longest = "y".repeat(consoleWriteMax);
    for (const text of ["", "a line\n", "\x0e12a000ff003abc", longest]) {
      expect(write(console, text)).toBe(0);
      expect(read()).toBe(frame(text));
    }
    expect(print("another's\n")).toBe(0);
    expect(read()).toBe("another's\n");
  });

  test("is in the same frame through a copy, and only the right to own the console gives a badge", () => {
    const { console, write } = framed();
    const copied = k.ask(1, sys.Copy, console, Right.All, 0);
    expect(write(Number(defined(copied.words[0])), "copied")).toBe(0);
    expect(read()).toBe(frame("copied"));
    expect(k.ask(1, sys.Copy, console, Right.All, 7).status).toBe(Refusal.MissingRight);

    const minted = k.ask(0, sys.Copy, slot, Right.Write, BADGE);
    expect(minted.status).toBe(0);
    const page = k.guest.call("messagePageOf", owner) >>> 0;
    k.guest.bytes().set(Buffer.from("minted"), page);
    expect(k.ask(0, sys.ConsoleWrite, Number(defined(minted.words[0])), messagePage, 6).status).toBe(0);
    expect(read()).toBe(frame("minted"));
  });
});
