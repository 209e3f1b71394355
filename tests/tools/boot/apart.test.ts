// The program's bytes and all others come apart again, in pieces of any size, whatever either of them says.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Separator } from "../../../tools/boot/apart.ts";

// The badges are the first two words of it, least significant byte first.
const NONCE = `ff00a01200000080${"0".repeat(16)}`;
const OUTPUT = "12a000ff";
const END = "80000000";

function frame(badge: string, text: string): string {
  return `\x0e${badge}${Buffer.byteLength(text, "latin1").toString(16).padStart(3, "0")}${text}`;
}

/** On its way to the device every line feed gets a carriage return. */
function sent(text: string): Uint8Array {
  return Buffer.from(text.replaceAll("\n", "\r\n"), "latin1");
}

function separate(bytes: Uint8Array, cut: number): { output: string; rest: string; ends: string[] } {
  const found = { output: "", rest: "", ends: [] as string[] };
  const separator = new Separator(NONCE, {
    onOutput: (some) => {
      found.output += Buffer.from(some).toString("latin1");
    },
    onEnd: (how) => found.ends.push(how),
  });
  for (let at = 0; at < bytes.length; at += cut) {
    found.rest += Buffer.from(separator.feed(bytes.subarray(at, at + cut))).toString("latin1");
  }
  found.rest += Buffer.from(separator.end()).toString("latin1");
  return found;
}

test("frames of the run's own badges are taken out, and everything else stays", () => {
  const text = [
    "first\n",
    frame(OUTPUT, "a line\nand a par"),
    "neuron: in between\n",
    frame("deadbeef", "not ours\n"),
    frame(OUTPUT, ""),
    frame(OUTPUT, "t, \r\n\x0ewhole\r"),
    frame(END, "exit code 3(its own)"),
    "\x0e12a0",
  ];
  for (const cut of [1, 2, 7, 1000]) {
    expect(separate(sent(text.join("")), cut)).toEqual({
      output: "a line\nand a part, \r\n\x0ewhole\r",
      rest: Buffer.from(
        sent(`first\nneuron: in between\n${frame("deadbeef", "not ours\n")}\x0e12a0`),
      ).toString("latin1"),
      ends: ["exit code 3(its own)"],
    });
  }
});

test("any bytes of a program and of others come apart as they were", () => {
  const bytes = fc.string({
    unit: fc.constantFrom("\r", "\n", "\x0e", "1", "2", "a", "0", "f", "x"),
    maxLength: 30,
  });
  // What another task prints never has the run's own badge, which it cannot know.
  const others = bytes.filter((text) => !text.includes(OUTPUT) && !text.includes("\r"));
  const parts = fc.array(fc.oneof(fc.record({ own: bytes }), fc.record({ other: others })), { maxLength: 8 });
  fc.assert(
    fc.property(parts, fc.integer({ min: 1, max: 9 }), (some, cut) => {
      const text = some.map((part) => ("own" in part ? frame(OUTPUT, part.own) : `${part.other}.`)).join("");
      const found = separate(sent(text), cut);
      expect(found.output).toBe(some.map((part) => ("own" in part ? part.own : "")).join(""));
      const rest = some.map((part) => ("own" in part ? "" : `${part.other}.`)).join("");
      expect(found.rest).toBe(Buffer.from(sent(rest)).toString("latin1"));
    }),
  );
});
