// What does not fit into a message, and what is asked for past a list's end: nothing is written but the message and the
// memory that takes what is lost, and nothing is read but zeros.

import { beforeAll, describe, expect, it } from "vitest";
import { type Guest, guest } from "../../harness/guest.ts";

const PAGE_BYTES = 4096;
/** The largest struct: what is lost goes into as many bytes. */
const SPILL_BYTES = 512;
const BYTE = 2;
const EIGHT_BYTES = 5;
/** Written over all that must stay as it is. */
const SENTINEL = 0x5a;

const text = `
import * as build from "capnp/build";
import { listElement, structListElement } from "capnp/read";
const page = memory.data(${PAGE_BYTES}, 8);
const text = memory.data(64, 8);
export function pageAt(): usize { return page; }
export function begin(capacity: u32): usize { return build.beginMessage(page, capacity, 1, 2); }
export function finish(): u32 { return build.finishMessage(); }
export function struct(at: usize, words: u32): usize { return build.allocateStruct(at, words, 0); }
export function list(at: usize, size: u32, count: u32): void { build.allocateList(at, size, count); }
export function structList(at: usize, count: u32): void { build.allocateStructList(at, 1, 0, count); }
export function shorten(at: usize, count: u32): void { build.shortenStructList(at, count); }
export function builtStruct(at: usize, index: u32): usize { return build.builtStruct(at, index); }
export function builtElement(at: usize, index: u32): usize { return build.builtElement(at, index, 3); }
export function string(at: usize): void { build.writeString(at, "a string that takes some words"); }
export function bytes(at: usize, length: u32): void { build.writeData(at, text, length); }
export function element(at: usize, index: u32): usize { return listElement(at, index, 3); }
export function structElement(at: usize, index: u32): usize { return structListElement(at, index, 1); }
`;

describe("a builder", () => {
  let g: Guest;
  let page: number;
  let spill: number;

  beforeAll(async () => {
    g = await guest({ text });
    page = g.call("pageAt");
    spill = g.call("struct", g.call("begin", 0), 1);
  });

  /** Where the root's two pointers are, in a message of that capacity. */
  function pointers(capacity: number): { first: number; second: number } {
    const root = g.call("begin", capacity);
    return { first: root + 8, second: root + 16 };
  }

  /** All memory but the spill. */
  function elsewhere(): Buffer {
    const all = Buffer.from(g.bytes());
    return all.fill(0, spill, spill + SPILL_BYTES);
  }

  /** Expects that after something was lost, `write` changes nothing but the spill, and the message is not finished. */
  function expectLost(write: (first: number) => void): void {
    const { first, second } = pointers(256);
    g.call("list", second, EIGHT_BYTES, 1000);
    g.bytes().fill(SENTINEL, second + 8, page + PAGE_BYTES);
    const before = elsewhere();
    write(first);
    expect(elsewhere().equals(before)).toBe(true);
    expect(g.call("finish")).toBe(0);
  }

  it.each<[string, (first: number) => void]>([
    ["a struct", (first) => g.call("struct", first, SPILL_BYTES / 8)],
    ["a struct that there would be room for", (first) => g.call("struct", first, 1)],
    ["a list", (first) => g.call("list", first, EIGHT_BYTES, 100)],
    ["a short list", (first) => g.call("list", first, BYTE, 1)],
    ["a list of structs", (first) => g.call("structList", first, 100)],
    ["a short list of structs", (first) => g.call("structList", first, 1)],
    ["a string", (first) => g.call("string", first)],
    ["bytes", (first) => g.call("bytes", first, 3)],
  ])("that has lost something writes nothing of %s", (_, write) => {
    expectLost(write);
  });

  it("that has lost something hands out no element, and shortens nothing", () => {
    const { first, second } = pointers(256);
    g.call("structList", first, 4);
    g.call("list", second, EIGHT_BYTES, 4);
    expect(g.call("builtStruct", first, 3)).toBeGreaterThan(page);
    expect(g.call("builtElement", second, 3)).toBeGreaterThan(page);
    g.call("bytes", second, 64 * 8);
    const before = elsewhere();
    expect(g.call("builtStruct", first, 3)).toBe(spill);
    expect(g.call("builtElement", second, 3)).toBe(spill);
    g.call("shorten", first, 1);
    expect(elsewhere().equals(before)).toBe(true);
  });

  it("hands out the spill past a list's end, and is not finished then", () => {
    for (const name of ["builtStruct", "builtElement"] as const) {
      const { first, second } = pointers(256);
      g.call("structList", first, 4);
      g.call("list", second, EIGHT_BYTES, 4);
      expect(g.call(name, name === "builtStruct" ? first : second, 4)).toBe(spill);
      expect(g.call("finish")).toBe(0);
    }
  });

  it("shortens a list of structs, and leaves one that is not there alone", () => {
    const { first, second } = pointers(256);
    g.call("structList", first, 4);
    g.call("shorten", first, 2);
    expect(g.call("structElement", first, 1)).toBeGreaterThan(page);
    const before = elsewhere();
    g.call("shorten", second, 0);
    expect(elsewhere().equals(before)).toBe(true);
    expect(g.call("finish")).toBeGreaterThan(0);
  });

  it("is read as zeros past a list's end", () => {
    const { first, second } = pointers(256);
    g.call("structList", first, 4);
    g.call("list", second, EIGHT_BYTES, 4);
    const length = g.call("finish");
    g.bytes().fill(SENTINEL, page + length, page + PAGE_BYTES);
    for (const at of [g.call("structElement", first, 4), g.call("element", second, 4)]) {
      expect(new Set(g.get(at, SPILL_BYTES))).toEqual(new Set([0]));
    }
  });
});
