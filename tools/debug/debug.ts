// What ./nx debug does: boots the embedded machine for gdb, and starts gdb in this terminal, with the symbols of the kernel and
// of one program, stopped where that begins.
//
// gdb owns the terminal: Ctrl-C is for it. When it ends, the machine ends too.

import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { Problem } from "../../host/problem.ts";
import { root } from "../../host/root.ts";
import { programs } from "../../toolchain/programs.ts";
import { DEVELOPMENT_TRUST } from "../../toolchain/steps/build.ts";
import { SELFTEST_RUN } from "../boot/run.ts";
import { runSession } from "../boot/session.ts";
import type { DebugWords } from "./words.ts";

/** gdb for RISC-V, by its names in Debian and elsewhere. The first that is installed is used. */
const GDBS = ["gdb-multiarch", "riscv64-unknown-elf-gdb", "riscv64-linux-gnu-gdb"] as const;

/** The kernel's first function in TypeScript. */
const KERNEL_START = "bootMain";

/** Debugs a program, or the kernel. Gives gdb's exit code. @throws Problem if it cannot begin */
export async function debug(
  name: string | undefined,
  args: readonly string[],
  { command, timeout: _, ...words }: DebugWords,
): Promise<number> {
  if (words.machine === "qemu") {
    throw new Problem("only the embedded machine goes backwards", {
      hints: ["leave out --machine qemu, or use ./nx boot --machine qemu --gdb 1234"],
      exitCode: 2,
    });
  }
  if (words.profile !== "bringup" || words.trust !== DEVELOPMENT_TRUST) {
    throw new Problem("only the bring-up build is debugged here", {
      hints: ["leave out --profile and --trust, or use ./nx boot --gdb 1234 with them"],
      exitCode: 2,
    });
  }
  const program = programs.find((each) => each.name === name && each.kind === "task");
  if (name !== undefined && program === undefined) {
    const known = programs.filter(({ kind }) => kind === "task").map((each) => each.name);
    throw new Problem(`there is no program ${name}`, { hints: [`one of ${known.join(", ")}`], exitCode: 2 });
  }
  const gdb = installedGdb();
  const run = program?.travels === "package" ? [program.name, ...args].join(" ") : SELFTEST_RUN;
  let ended: Promise<number> | undefined;
  const start = (port: number): void => {
    ended ??= runGdb(gdb, gdbWords(port, program?.name, command));
  };
  const onLine = (line: string): void => void process.stdout.write(`${line}\n`);
  await runSession({ ...words, machine: "embedded", gdb: 0 }, run, false, onLine, { onGdbPort: start });
  return (await ended) ?? 1;
}

/** Runs gdb in this terminal, and ends the machine behind it. Resolves with gdb's exit code. */
async function runGdb(gdb: string, args: readonly string[]): Promise<number> {
  // The terminal sends SIGINT to gdb as well, which then stops the machine. SIGTERM ends the machine, and is ours.
  const ignore = (): void => {};
  process.on("SIGINT", ignore).on("SIGTERM", ignore);
  const child = spawn(gdb, args, { cwd: root, stdio: "inherit" });
  const code = await new Promise<number>((resolve) => child.once("close", (status) => resolve(status ?? 1)));
  process.kill(process.pid, "SIGTERM");
  process.off("SIGINT", ignore);
  return code;
}

function gdbWords(port: number, program: string | undefined, more: readonly string[]): string[] {
  const begin =
    program === undefined
      ? [`break ${KERNEL_START}`, "continue"]
      : [`add-symbol-file build/tasks/${program}.elf`, `monitor task ${program}`, "break main", "continue"];
  const commands = ["set confirm off", `target remote :${port}`, ...begin, ...more];
  return ["-q", "-nx", join("build", "neuron.elf"), ...commands.flatMap((each) => ["-ex", each])];
}

function installedGdb(): string {
  const found = GDBS.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0);
  if (found === undefined) {
    throw new Problem("gdb for RISC-V is not installed", {
      hints: ["apt-get install gdb-multiarch, or your system's gdb with RISC-V"],
    });
  }
  return found;
}
