// Whether a QEMU is one that Neuron boots on, asked before anything is booted: an older one, or one without the
// machine,
// fails somewhere in the middle, in words about an option or a marker.

import { execFile } from "node:child_process";
import { Problem } from "../../../host/problem.ts";

/** The program's name, and the environment variable that names another. */
export const QEMU_PROGRAM = "qemu-system-riscv64";
export const QEMU_VARIABLE = "NEURON_QEMU";

/** The oldest version that has everything that the runner asks for (`sstc` of a processor, `aclint` of the machine). */
const VERSION_MIN: readonly [major: number, minor: number] = [7, 2];
const MACHINE = "virt";

/** How long each question may take. A working QEMU answers at once. */
const ANSWER_MS = 30_000;

const VERSION_LINE = /^QEMU emulator version ([0-9]+)\.([0-9]+)/m;
/** The hint for a user without QEMU. */
export const OTHER_MACHINE = "or boot on the embedded machine: --machine embedded";

/** The answers of this process, by program. */
const known = new Map<string, Promise<Problem | undefined>>();

/**
 * Throws Problem if `program` is no QEMU for Neuron: not there, broken, too old, or without the machine. `otherwise`
 * are hints about other ways.
 */
export async function requireQemu(program: string, ...otherwise: readonly string[]): Promise<void> {
  const problem = await qemuProblem(program);
  if (problem === undefined) {
    return;
  }
  const hints = [...(problem.details.hints ?? []), ...otherwise];
  throw new Problem(problem.message, { ...problem.details, hints });
}

/** The same as a value. The program is asked once. */
export function qemuProblem(program: string): Promise<Problem | undefined> {
  const found = known.get(program) ?? examine(program);
  known.set(program, found);
  return found;
}

async function examine(program: string): Promise<Problem | undefined> {
  const [version, machines] = await Promise.all([
    ask(program, "--version"),
    ask(program, "-machine", "help"),
  ]);
  if (version.refusal === "ENOENT") {
    return missing(program);
  }
  const wanted = `${VERSION_MIN.join(".")} or newer is needed`;
  if (version.refusal !== undefined) {
    return unusable(`${program} cannot be run (${version.refusal}), and QEMU ${wanted}`, version.output);
  }
  const [, major, minor] = VERSION_LINE.exec(version.output)?.map(Number) ?? [];
  if (major === undefined || minor === undefined) {
    return unusable(`${program} does not report that it is QEMU, and QEMU ${wanted}`, version.output);
  }
  if (major < VERSION_MIN[0] || (major === VERSION_MIN[0] && minor < VERSION_MIN[1])) {
    return unusable(`${program} is QEMU ${major}.${minor}, and ${wanted}`);
  }
  if (new RegExp(`^${MACHINE}\\s`, "m").test(machines.output)) {
    return undefined;
  }
  return unusable(`${program} has no machine \`${MACHINE}\`, and Neuron runs on that one`, machines.output);
}

function missing(program: string): Problem {
  return new Problem("QEMU for RISC-V is not installed", {
    subject: program,
    hints: [
      "Debian and Ubuntu: apt-get install qemu-system-misc",
      "macOS: brew install qemu",
      `or set ${QEMU_VARIABLE} to the program`,
    ],
  });
}

function unusable(message: string, output?: string): Problem {
  const hints = [`install another one (qemu-system-misc), or set ${QEMU_VARIABLE} to it`];
  return new Problem(message, { hints, ...(output !== undefined && { output }) });
}

interface Reply {
  /** Its whole output. */
  readonly output: string;
  /** Why it failed. */
  readonly refusal: string | undefined;
}

function ask(program: string, ...args: readonly string[]): Promise<Reply> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      args,
      { timeout: ANSWER_MS, killSignal: "SIGKILL" },
      (error, out, errors) => {
        resolve({ output: `${out}${errors}`, refusal: error === null ? undefined : refusalOf(error) });
      },
    );
    child.stdin?.end();
  });
}

/** `ENOENT`, `status 127` or `SIGSEGV`. */
function refusalOf({
  code,
  signal,
}: {
  code?: string | number | null;
  signal?: NodeJS.Signals | null;
}): string {
  if (typeof code === "string") {
    return code;
  }
  return typeof code === "number" ? `status ${code}` : (signal ?? "no answer");
}
