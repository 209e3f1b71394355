// The pipeline on a program of a few lines: from guest source to an ELF, what is made again, and the same bytes anywhere.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root as repository } from "../../host/root.ts";
import type { GuestProgram } from "../../toolchain/programs.ts";
import { type Build, withBuild } from "../../toolchain/steps/build.ts";
import { compileProgram, linkProgram } from "../../toolchain/steps/program.ts";
import { defined } from "../harness/defined.ts";

const program: GuestProgram = {
  name: "small",
  kind: "task",
  entry: "source/apps/small/main.ts",
  memoryBase: 0x0100_0000,
  assembly: ["source/runtime"],
  linkerScript: "source/runtime/task.ld",
  abort: "~lib/small/panic/abort",
  travels: "package",
};

const sources: Readonly<Record<string, string>> = {
  "source/apps/small/main.ts": `import { answer } from "small/answer";
import { prepare } from "small/panic";
export function main(): i32 {
  prepare();
  assert(answer() > 0);
  return answer();
}
`,
  "source/libs/small/answer.ts":
    "export function answer(): i32 { return 42 + atomic.load<i32>(0x100_0000); }\n",
  "source/libs/small/panic.ts": `export function prepare(): void {}
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {}
`,
  "source/runtime/entry.S": `    .section .text.start
    .globl _start
_start:
    call __wasm_start
    call main
    unimp
`,
};

const folders: string[] = [];

function checkout(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), name));
  folders.push(folder);
  for (const [path, text] of Object.entries(sources)) {
    put(folder, path, text);
  }
  cpSync(join(repository, program.linkerScript), join(folder, program.linkerScript));
  return folder;
}

function put(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** Builds the program, and gives the names of the steps that had something to do. */
async function build(folder: string, profile: Build["profile"] = "bringup"): Promise<string[]> {
  const steps: string[] = [];
  const start = (what: string): (() => void) => {
    steps.push(what.replace(/^.*: /, ""));
    return () => undefined;
  };
  await withBuild(folder, { profile, progress: { start, note: () => undefined } }, async (run) =>
    linkProgram(run, program, await compileProgram(run, program)),
  );
  return steps;
}

function elf(folder: string, name = "build/tasks/small.elf"): Buffer {
  return readFileSync(join(folder, name));
}

let first: string;

beforeAll(async () => {
  first = checkout("a");
  await build(first);
});

afterAll(() => {
  for (const folder of folders) {
    rmSync(folder, { recursive: true });
  }
});

describe("a build", () => {
  test("with nothing changed does nothing", async () => {
    expect(await build(first)).toEqual([]);
  });

  test("after a change in a library compiles the program again, but not its assembly", async () => {
    const folder = checkout("c");
    expect((await build(folder)).sort()).toEqual(["asc", "assemble", "clang", "link", "translate"]);
    put(folder, "source/libs/small/answer.ts", "export function answer(): i32 { return 43; }\n");
    expect(await build(folder)).toEqual(["asc", "translate", "clang", "link"]);
  });

  test("after a change in the linker script only links", async () => {
    const folder = checkout("l");
    await build(folder);
    const script = readFileSync(join(folder, program.linkerScript), "utf8");
    put(folder, program.linkerScript, `${script}\n/* a comment */\n`);
    expect(await build(folder)).toEqual(["link"]);
    expect(elf(folder).equals(elf(first))).toBe(true);
  });

  test("sees a new file that hides another one of its name", async () => {
    const folder = checkout("s");
    await build(folder);
    put(folder, "source/small/answer.ts", "export function answer(): i32 { return 44; }\n");
    expect(await build(folder)).toContain("asc");
  });

  test("of the other profile has its own folder, and takes over what is made from the same", async () => {
    expect(await build(first, "production")).toEqual([]);
    expect(elf(first, "build/production/tasks/small.elf").equals(elf(first))).toBe(true);
  });

  test("of the other profile makes for itself what is made from other sources, and leaves the first profile up to date", async () => {
    put(first, "build/production/gen/frame.inc", "    .equ ONE, 1\n");
    expect(await build(first, "production")).toEqual(["assemble"]);
    expect(await build(first)).toEqual([]);
  });
});

describe("the image", () => {
  test("has the same bytes in another folder", async () => {
    const second = checkout("another-folder-with-a-long-name-");
    await build(second);
    expect(elf(second).equals(elf(first))).toBe(true);
    expect(elf(second, "build/tasks/small").equals(elf(first, "build/tasks/small"))).toBe(true);
  });

  test("names no folder of the host", () => {
    expect(elf(first).includes(first)).toBe(false);
    expect(elf(first).includes(repository)).toBe(false);
  });

  test("names its sources by their paths in the repository", () => {
    // DWARF keeps folder and file apart.
    for (const text of ["source/apps/small", "main.ts", "source/libs/small", "answer.ts"]) {
      expect([text, elf(first).includes(text)]).toEqual([text, true]);
    }
    expect(elf(first).includes("~lib/small")).toBe(false);
  });
});

test("a mistake stops the build with file, line and source line, and the next build works", async () => {
  const folder = checkout("m");
  const wrong = "export function answer(): i32 {\n  return nothing;\n}\n";
  put(folder, "source/libs/small/answer.ts", wrong);
  await expect(build(folder)).rejects.toMatchObject({
    name: "Problem",
    details: {
      diagnostics: [
        { place: { file: "source/libs/small/answer.ts", line: 2, column: 10, text: "  return nothing;" } },
      ],
    },
  });
  put(folder, "source/libs/small/answer.ts", defined(sources["source/libs/small/answer.ts"]));
  expect(await build(folder)).toContain("link");
});
