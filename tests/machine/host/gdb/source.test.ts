// gdb itself on a live machine: a breakpoint at a line of TypeScript, backtraces with such lines in a task and in the kernel
// that it calls, all harts as threads, and the way back.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../../../../host/root.ts";
import { defined } from "../../../harness/defined.ts";
import { isInstalled } from "../../../system/harness/machine.ts";
import { BOOT_TIMEOUT_MS, buildOnce } from "../../booting.ts";

const PROGRAM = "gdb-multiarch";

/** The address space of packagefsd: its task number plus one. Tasks share addresses, so another task could stop there. */
const PACKAGEFSD_ASID = 4;

/** `./nx boot --gdb 0`, and the port that it prints. */
async function debugged(): Promise<{ port: string; ended: Promise<number | null> }> {
  const words = ["boot", "--gdb", "0", "--seed", "7", "--timeout", "110"];
  const child = spawn(join(root, "nx"), words, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const port = await new Promise<string>((resolve, reject) => {
    let said = "";
    const look = (bytes: Buffer): void => {
      said += String(bytes);
      const found = /target remote :(\d+)"/.exec(said)?.[1];
      if (found !== undefined) {
        resolve(found);
      }
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    void ended.then(() => reject(new Error(said)));
  });
  return { port, ended };
}

/** gdb's output for these commands, on a new machine. */
async function gdb(...commands: string[]): Promise<string> {
  const { port, ended } = await debugged();
  const all = ["set width 0", `target remote :${port}`, ...commands, "kill"];
  const words = ["-nx", "-batch", "build/neuron.elf", ...all.flatMap((command) => ["-ex", command])];
  const child = spawn(PROGRAM, words, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.on("data", (bytes) => (said += String(bytes)));
  child.stderr.on("data", (bytes) => (said += String(bytes)));
  await new Promise((resolve) => child.once("close", resolve));
  await ended;
  return said;
}

/** The first line of a function in a source file that holds `text`, from 1. */
function lineOf(file: string, name: string, text: string): number {
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  const begin = lines.findIndex((line) => line.startsWith(`function ${name}(`));
  const found = lines.findIndex((line, index) => index > begin && line.includes(text));
  if (begin < 0 || found < 0) {
    throw new Error(`${file} has no "${text}" in ${name}`);
  }
  return found + 1;
}

describe.skipIf(!isInstalled(PROGRAM))("gdb-multiarch", () => {
  test(
    "stops at a line of a task and in the kernel that it calls, and goes back",
    async () => {
      await buildOnce();
      const file = "source/services/packagefsd/serve.ts";
      const line = lineOf(file, "onRead", "const client = knownClient(request.badge);");
      const said = await gdb(
        "add-symbol-file build/tasks/packagefsd.elf",
        `break ${file}:${line} if (($satp >> 44) & 0xffff) == ${PACKAGEFSD_ASID}`,
        "continue",
        "bt",
        "break neuron/syscall/fast/callWithMore",
        "continue",
        "bt",
        "info threads",
        "reverse-continue",
        "reverse-finish",
      );
      const place = `${file}:${line}`;
      const onRead = "services/packagefsd/serve/onRead (request=<optimized out>)";
      expect(said).toContain(`#0  ${onRead} at ${place}`);
      expect(said).toMatch(/main \(\) at source\/services\/packagefsd\/main\.ts:\d+/);
      expect(said).toMatch(
        /#0 {2}neuron\/syscall\/fast\/callWithMore \(.*\) at source\/kernel\/neuron\/src\/syscall\/fast\.ts:\d+/,
      );
      // From the kernel through the system call into the task, to its beginning.
      const trap =
        /neuron\/syscall\/fast\/callWithMore \(.* at source\/kernel\/neuron\/src\/syscall\/fast\.ts:\d+\n#\d+ {2}<signal handler called>\n#\d+ {2}systemCall \(\) at \.\/source\/runtime\/syscall\.S:\d+\n/;
      const below = defined(said.split(trap)[1], "the task below the trap");
      expect(below, said).toMatch(/^#\d+ .*runtime\/ipc\/call \(/);
      expect(below).toMatch(
        /services\/packagefsd\/serve\/onRead \(request=.*\) at source\/services\/packagefsd\/serve\.ts:\d+/,
      );
      expect(below).toMatch(/#\d+ {1,2}main \(\) at source\/services\/packagefsd\/main\.ts:\d+/);
      for (const hart of [0, 1, 2, 3]) {
        expect(said).toMatch(new RegExp(`Thread ${hart + 1} \\(hart ${hart}, `));
      }
      // It was hit once forwards, and once more backwards.
      expect(said.split(`, ${onRead} at ${place}`)).toHaveLength(3);
      expect(said).toMatch(
        /services\/packagefsd\/serve\/dispatch \(.*\) at source\/services\/packagefsd\/serve\.ts:\d+/,
      );
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "finds who wrote a place last, at a line of the kernel, and what it was before",
    async () => {
      await buildOnce();
      const said = await gdb(
        "break neuron/syscall/fast/callWithMore",
        "continue",
        "delete",
        // The top of the kernel's stack: what this function, or the one that called it, has saved.
        "print/x $saved = $sp",
        "watch *(long *) $saved",
        "continue",
        "continue",
        "reverse-continue",
        "bt 1",
      );
      const changes = [
        ...said.matchAll(/Hardware watchpoint 2: .*\n\nOld value = (-?\d+)\nNew value = (-?\d+)\n/g),
      ];
      expect(changes, said).toHaveLength(3);
      const [, second, back] = changes.map(([, before, after]) => [before, after]);
      expect(back).toEqual(defined(second).reverse());
      expect(said).toMatch(/\n#0 {2}.* at source\/kernel\/neuron\/src\/\S+:\d+\n/);
    },
    BOOT_TIMEOUT_MS,
  );
});
