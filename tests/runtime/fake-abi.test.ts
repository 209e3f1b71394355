// The numbers that tests and fake kernels use are those of source/abi.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../harness/guest.ts";
import * as abi from "./fake-abi.ts";

/** The members of a `const enum` of source/abi. */
function members(file: string, name: string): Map<string, number> {
  const text = readFileSync(join(root, "source/abi", file), "utf8");
  const body = new RegExp(`const enum ${name} \\{([^]*?)\\n\\}`).exec(text)?.[1];
  if (body === undefined) {
    throw new Error(`source/abi/${file} has no ${name}`);
  }
  return new Map(
    [...body.matchAll(/^ {2}(\w+) = (-?\d+),$/gm)].map(([, key = "", value]) => [key, Number(value)]),
  );
}

test.each([
  ["handle.ts", "Kind", abi.Kind],
  ["handle.ts", "Right", abi.Right],
  ["startup.ts", "Role", abi.Role],
  ["refusal.ts", "Refusal", abi.Refusal],
  ["syscall.ts", "Syscall", abi.Syscall],
  ["task.ts", "Class", abi.Class],
  ["task.ts", "Wait", abi.Wait],
  ["task.ts", "End", abi.End],
  ["audit.ts", "Audit", abi.Audit],
  ["exit.ts", "ExitCode", abi.ExitCode],
])("%s: %s", (file, name, numbers) => {
  const known = members(file, name);
  expect(known.size).toBeGreaterThan(3);
  for (const [key, value] of Object.entries(numbers)) {
    expect([key, known.get(key)]).toEqual([key, value]);
  }
});

test.each([
  ["layout.ts", "PAGE_BYTES", abi.pageBytes],
  ["layout.ts", "STARTUP_PAGE", abi.startupPage],
  ["layout.ts", "MESSAGE_PAGE", abi.messagePage],
  ["startup.ts", "STARTUP_MAGIC", abi.startupMagic],
  ["syscall.ts", "NO_SLOT", abi.noSlot],
  ["message.ts", "MESSAGE_BYTES_MAX", abi.messageBytesMax],
  ["syscall.ts", "SELF", abi.self],
  ["syscall.ts", "FOREVER", abi.forever],
  ["syscall.ts", "NOTIFIED", abi.notified],
  ["handle.ts", "SLOT_COUNT", abi.slotCount],
])("%s: %s", (file, name, value) => {
  const text = readFileSync(join(root, "source/abi", file), "utf8");
  const written = new RegExp(`const ${name}: \\w+ = ([\\w]+);`).exec(text)?.[1];
  expect(BigInt(written?.replaceAll("_", "") ?? -1)).toBe(BigInt(value));
});
