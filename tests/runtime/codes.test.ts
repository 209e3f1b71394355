// A code that reaches a person carries its name: every list of codes is named in full, and no line of the guest prints a
// code as a number alone.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listFiles } from "../../host/files.ts";
import { defined } from "../harness/defined.ts";
import { guest, root } from "../harness/guest.ts";

const named = [
  ["source/abi/refusal.ts", "Refusal", "refusalName", "runtime/names"],
  ["source/abi/startup.ts", "Role", "roleName", "runtime/names"],
  ["source/abi/exit.ts", "ExitCode", "exitName", "abi/exit"],
  ["source/drivers/virtio/fault.ts", "DeviceFault", "faultName", "virtio/fault"],
  ["source/idl/virtio_blk.capnp", "BlkStatus", "blkStatusName", "runtime/blocks"],
  ["source/idl/virtio_blk.capnp", "VirtioBlk", "blkMethodName", "runtime/blocks"],
  ["source/idl/package_fs.capnp", "FsStatus", "fsStatusName", "runtime/packages"],
  ["source/idl/console.capnp", "ConsoleStatus", "consoleStatusName", "runtime/console"],
  ["source/idl/init.capnp", "RunStatus", "runStatusName", "runtime/programs"],
] as const;

/** The names of a list and their numbers: an enum of TypeScript or of Cap'n Proto, or the methods of an interface. */
function codesOf(file: string, list: string): [name: string, code: number][] {
  const text = readFileSync(join(root, file), "utf8");
  const body = new RegExp(`(?:enum|interface) ${list} \\{([^]*?)\\n\\}`).exec(text)?.[1];
  if (body === undefined) {
    throw new Error(`${file} has no ${list}`);
  }
  const members = body.matchAll(/^ {2}(\w+) (?:= (-?\d+),|@(\d+)\b)/gm);
  return [...members].map(([, name, number, ordinal]) => [defined(name), Number(number ?? ordinal)]);
}

test.each(named)("%s: every %s has a name", async (file, list, name, module) => {
  const g = await guest({ text: `export { ${name} } from "${module}";` });
  const codes = codesOf(file, list).filter(([each]) => each !== "None");
  expect(codes.length).toBeGreaterThan(3);
  expect(codes.map(([, code]) => g.text(g.call(name, code)))).toEqual(codes.map(([each]) => each));
});

test("every end of a task and every error of an image has a text of its own", async () => {
  const g = await guest({
    text: `export { endName } from "runtime/names"; export { imageErrorText } from "pkgimg/format";`,
  });
  const ends = codesOf("source/abi/task.ts", "End").filter(([name]) => name !== "None" && name !== "Unknown");
  const endWords = ends.map(([, code]) => g.text(g.call("endName", code)));
  expect(new Set([...endWords, "no known cause"]).size).toBe(ends.length + 1);
  const format = readFileSync(join(root, "source/libs/pkgimg/format.ts"), "utf8");
  const list = defined(/enum ImageError \{([\s\S]*?)\n\}/.exec(format)?.[1]);
  const count = [...list.matchAll(/^ {2}\w+,$/gm)].length;
  const reasons = Array.from({ length: count }, (_, code) => g.text(g.call("imageErrorText", code)));
  expect(new Set([...reasons, "unknown error"]).size).toBe(count + 1);
});

/** A number that is printed and whose own name says that it is a code. */
const bare =
  /\.(?:decimal|hex)\((?:<\w+>)?\(?-?(?:<\w+>)?\(?[\w.()]*?(?:status|fault|error|reason|code|outcome|refusal)\w*\)*\)/i;

test("no line of the guest prints a code without its name", () => {
  expect(bare.test('words.text(" fault=").decimal(fault)')).toBe(true);
  expect(bare.test("words.decimal(disk.lastFault)")).toBe(true);
  expect(bare.test("words.decimal(<u64>-status)")).toBe(true);
  expect(bare.test("words.code(fault, faultName(fault))")).toBe(false);
  const lines = listFiles(root, "source")
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) =>
      readFileSync(join(root, file), "utf8")
        .split("\n")
        .map((text, index) => ({ text, at: `${file}:${index + 1}` })),
    );
  expect(lines.filter(({ text }) => bare.test(text)).map(({ at, text }) => `${at}: ${text.trim()}`)).toEqual(
    [],
  );
});
