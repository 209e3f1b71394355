// One program of many instances, from IR to the lines on QEMU's console. The driver (driver.S) runs its table of
// commands.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { Problem } from "../../../../host/problem.ts";
import { root } from "../../../../host/root.ts";
import { hashText } from "../../../../toolchain/asc/run.ts";
import { ATTRIBUTES, HEADER, intrinsicDeclarations } from "../../../../toolchain/ir/llvm.ts";
import { link } from "../../../../toolchain/link/image.ts";
import { llvmIdentity, runLlvm } from "../../../../toolchain/link/llvm.ts";
import { assemble, assemblyFlags, irFlags } from "../../../../toolchain/link/objects.ts";
import { qemuProgram } from "../../../boot/machines/qemu.ts";

const FOLDER = "tools/test/wast/rv64";
const SCRATCH = "build/wast";

/** Where memories begin, and the end of the RAM that driver.S maps. */
export const POOL_START = 0x1_0000_0000n;
export const POOL_END = 0x2_8000_0000n;
const RAM_MEBIBYTES = 8192;

/** How long QEMU may take for one program. */
const QEMU_TIMEOUT_MS = 120_000;
const OUTPUT_MAX_BYTES = 64 << 20;

/** The last output of driver.S. */
const END = "\x04";

/** One command: `thunk(target, arguments)`. The first two are symbols, or numbers as `inttoptr`s. */
export interface Command {
  readonly thunk: string;
  readonly target: string;
  /** The values that `arguments` points to, or a number in place of the pointer. */
  readonly arguments: readonly bigint[] | number;
}

export interface BoardProgram {
  /** Definitions of instances, stubs and thunks. */
  readonly lines: readonly string[];
  readonly commands: readonly Command[];
  /** Whether to print only digests. */
  readonly quiet: boolean;
}

/** Hands out memory, each byte once. It is zero when the board starts. */
export class Pool {
  private next = POOL_START;

  /** Gives the first address of `bytes` bytes, or undefined when memory has run out. */
  take(bytes: number, alignBytes: number): bigint | undefined {
    const align = BigInt(alignBytes);
    const start = ((this.next + align - 1n) / align) * align;
    const end = start + BigInt(bytes);
    if (end > POOL_END) {
      return undefined;
    }
    this.next = end;
    return start;
  }
}

/** The text of a program. */
export function programText({ lines, commands, quiet }: BoardProgram): string {
  const tables: string[] = [];
  const rows = commands.map(({ thunk, target, arguments: given }, index) => {
    if (typeof given === "number") {
      return row(thunk, target, `inttoptr (i64 ${given} to ptr)`);
    }
    if (given.length === 0) {
      return row(thunk, target, "null");
    }
    const values = given.map((value) => `i64 ${BigInt.asIntN(64, value)}`).join(", ");
    tables.push(`@arguments.${index} = internal constant [${given.length} x i64] [${values}]`);
    return row(thunk, target, `@arguments.${index}`);
  });
  return [
    ...HEADER,
    "",
    "declare void @wasm_trap(i32 signext) noreturn #0",
    "declare void @wasm_event(i64, i64) #0",
    "declare void @wasm_map(ptr, ptr) #0",
    "declare void @wasm_digest(ptr, ptr) #0",
    "@wasm_depth = external global i64",
    `@wasm_quiet = constant i64 ${quiet ? 1 : 0}`,
    `@wasm_command_count = constant i64 ${commands.length}`,
    ...tables,
    `@wasm_commands = constant [${rows.length} x { ptr, ptr, ptr }] [${rows.join(", ")}]`,
    "",
    ...lines,
    ...intrinsicDeclarations(lines),
    ...ATTRIBUTES,
    "",
  ].join("\n");
}

function row(...pointers: readonly string[]): string {
  return `{ ptr, ptr, ptr } { ${pointers.map((pointer) => `ptr ${pointer}`).join(", ")} }`;
}

/**
 * Compiles, links and runs a program.
 * @returns the lines on the console, then an undefined if the program did not come to its end
 * @throws Problem when LLVM refuses the text, or there is no QEMU
 */
export async function runBoard(program: BoardProgram): Promise<(string | undefined)[]> {
  await mkdir(join(root, SCRATCH), { recursive: true });
  const place = relative(root, await mkdtemp(join(root, SCRATCH, "run-")));
  try {
    const elf = await buildElf(programText(program), place);
    return splitConsole(await runQemu(join(root, elf)));
  } finally {
    if (!process.env.NEURON_KEEP) {
      await rm(join(root, place), { recursive: true });
    }
  }
}

async function buildElf(text: string, place: string): Promise<string> {
  const file = (name: string): string => `${place}/${name}`;
  await writeFile(join(root, file("program.ll")), text);
  // A Wasm access need not be aligned. QEMU does an unaligned access in one piece, so the code may do so too.
  const flags = [...irFlags, "-mno-strict-align"];
  parts ??= assembleParts();
  const [{ driver, memory }] = await Promise.all([
    parts,
    runLlvm("clang", root, [...flags, "-c", file("program.ll"), "-o", file("program.o")]),
  ]);
  await link(root, {
    objects: [driver, file("program.o"), memory],
    script: `${FOLDER}/board.ld`,
    layout: { memoryBase: 0, dataEnd: 0, heapBase: 0 },
    output: file("program.elf"),
    strip: false,
  });
  return file("program.elf");
}

/** What every program is linked with. */
interface Parts {
  readonly driver: string;
  readonly memory: string;
}

const DRIVER = `${FOLDER}/driver.S`;
const MEMORY = "source/libs/builtins/memory.S";
/** The driver includes it. */
const INCLUDED = `${FOLDER}/bare.inc`;

/** A suite is a hundred programs: their common parts are assembled once, and kept by content. */
let parts: Promise<Parts> | undefined;

async function assembleParts(): Promise<Parts> {
  const files = [DRIVER, INCLUDED, MEMORY];
  const sources = await Promise.all(files.map((file) => readFile(join(root, file), "utf8")));
  const key = hashText(JSON.stringify([llvmIdentity(), assemblyFlags, ...sources])).slice(0, 16);
  const folder = `${SCRATCH}/parts-${key}`;
  const made = { driver: `${folder}/driver.o`, memory: `${folder}/memory.o` };
  if (existsSync(join(root, folder))) {
    return made;
  }
  const draft = relative(root, await mkdtemp(join(root, SCRATCH, "draft-")));
  await Promise.all([
    assemble(root, DRIVER, `${draft}/driver.o`, draft),
    assemble(root, MEMORY, `${draft}/memory.o`, draft),
  ]);
  // Another process may have been first.
  await rename(join(root, draft), join(root, folder)).catch(() => rm(join(root, draft), { recursive: true }));
  return made;
}

function runQemu(elf: string): Promise<string> {
  const machine = ["-machine", "virt", "-m", `${RAM_MEBIBYTES}M`, "-smp", "1", "-display", "none"];
  return new Promise((resolve, reject) => {
    const child = spawn(qemuProgram(), [...machine, "-monitor", "none", "-serial", "stdio", "-kernel", elf], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), QEMU_TIMEOUT_MS);
    const chunks: Buffer[] = [];
    let length = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > OUTPUT_MAX_BYTES) {
        child.kill("SIGKILL");
      }
    });
    let complaints = "";
    child.stderr.on("data", (chunk: Buffer) => {
      complaints += chunk.toString();
    });
    child.on("error", () => {
      clearTimeout(timer);
      reject(new Problem("QEMU does not start", { hints: ["apt-get install qemu-system-misc"] }));
    });
    child.on("close", () => {
      clearTimeout(timer);
      if (length === 0) {
        reject(new Problem("QEMU printed nothing", { output: complaints }));
      } else {
        resolve(Buffer.concat(chunks).toString("latin1"));
      }
    });
  });
}

/** The driver's lines: firmware's text before them matches none of their forms. */
function splitConsole(text: string): (string | undefined)[] {
  const lines: (string | undefined)[] = text
    .split("\n")
    .filter((line) => /^((\w\w:\w{16} )*(\.|!\w\w)|#\w{8} \w{8})\r?$/.test(line))
    .map((line) => line.trimEnd());
  return text.includes(END) ? lines : [...lines, undefined];
}
