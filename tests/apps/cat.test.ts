// cat, the example of the runtime's functions for programs: a file of any length comes as it is, and what cannot be read is
// named.

import { expect, test } from "vitest";
import { pattern } from "../runtime/elf.ts";
import { FakeSystem } from "./fake-system.ts";

async function cat(
  argument: string,
  files: Record<string, Uint8Array>,
): Promise<{ code: unknown; text: Buffer }> {
  const system = await FakeSystem.start("source/apps/cat/main.ts", { argument });
  for (const [path, content] of Object.entries(files)) {
    system.files.set(path, content);
  }
  const code = system.kernel.run("main");
  return { code, text: Buffer.from(system.kernel.console.join("")) };
}

const text = (length: number): Uint8Array => pattern(length, 7).map((byte) => 0x20 + (byte % 0x5f));

test.each([0, 1, 256, 257, 65_536, 65_537, 200_000])("a file of %i bytes comes as it is", async (length) => {
  const content = text(length);
  const { code, text: printed } = await cat("a/file", { "a/file": content });
  expect(code).toBe(0);
  expect(printed.equals(Buffer.from(content))).toBe(true);
});

test("a name with a space is one word in quotation marks", async () => {
  const { code, text: printed } = await cat('"a file"', { "a file": Buffer.from("here\n") });
  expect([code, printed.toString()]).toEqual([0, "here\n"]);
});

test.each([
  ["nowhere", "cat: nowhere: notFound\n"],
  ["", "cat: : notFound\n"],
])("%j is named, and the code is 1", async (argument, said) => {
  const { code, text: printed } = await cat(argument, {});
  expect([code, printed.toString()]).toEqual([1, said]);
});
