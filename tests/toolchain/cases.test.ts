// Cases as text: each file in cases/ is guest source, and ends with a comment that holds the LLVM IR it must give.
// After a change of the translator, `UPDATE=1` rewrites the comments, and the diff is what is to be judged.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../host/root.ts";
import { defined } from "../harness/defined.ts";
import { compileGuest, translateGuest } from "./rv64/harness.ts";

const FOLDER = "tests/toolchain/cases";
const MARK = "/* gives:\n";

/** What a module without top-level code has for it. */
const EMPTY_START = "define void @__wasm_start() #0 {\nentry:\n  ret void\n}\n";

/** The module's text without what is the same for every module: header, declarations of LLVM's own, attributes. */
function essence(ir: string): string {
  const lines = ir
    .split("\n")
    .filter((line) => !/^(source_filename|target|attributes|declare .*@llvm)/.test(line));
  return lines
    .join("\n")
    .replace(EMPTY_START, "")
    .replaceAll(/\n{2,}/g, "\n\n")
    .trim();
}

const files = readdirSync(join(root, FOLDER)).filter((file) => file.endsWith(".ts"));

test.each(files)("%s", async (file) => {
  const path = join(root, FOLDER, file);
  const text = readFileSync(path, "utf8");
  const source = defined(text.split(MARK, 1)[0]);
  const compiled = await compileGuest(`${FOLDER}/${file}`);
  // Without the source map there is no DWARF, which has tests of its own and would drown the code here.
  const ir = essence(translateGuest({ ...compiled, sourceMap: "" }).ir);
  const updated = `${source.trimEnd()}\n\n${MARK}${ir}\n*/\n`;
  if (process.env.UPDATE === "1" && text !== updated) {
    writeFileSync(path, updated);
  } else {
    expect(text).toBe(updated);
  }
});
