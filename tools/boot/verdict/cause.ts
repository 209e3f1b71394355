// Why a boot failed, as far as a line says so: of all that is missing afterwards, this is what a person has to read.
//
// The one idea: a service that ends takes everything with it that comes later, so most of what is missing is missing
// because
// of it. The task that ended first, and its last words, are the cause; a marker that never came is only the symptom.

/** The kernel refuses the machine. */
const KERNEL_REFUSES = /^neuron: (cannot boot: .+)$/;
/** nexus-init speaks only when something went wrong. A service that is started again is not lost yet. */
const INIT_COMPLAINS = /^nexus-init: (?!.*; started again in )(.+)$/;
/** The task that it speaks of, where it says how one ended. */
const ENDED = /^(\S+) ended: /;

/** What a program's lines begin with, where that is not its name. */
const prefixes: Readonly<Record<string, string>> = { packagefsd: "pkgfs" };

/** How many lines before a program's end its last words may be. */
const LAST_WORDS_LINES_MAX = 40;

/**
 * The cause that the console of a failed run gives, or undefined. `commands` are what the run was to start: how those
 * end is told by itself.
 */
export function causeOnConsole(lines: readonly string[], commands: readonly string[]): string | undefined {
  for (const [index, line] of lines.entries()) {
    const kernel = KERNEL_REFUSES.exec(line)?.[1];
    if (kernel !== undefined) {
      return `the kernel ${kernel}`;
    }
    const complaint = INIT_COMPLAINS.exec(line)?.[1];
    if (complaint === undefined) {
      continue;
    }
    const name = ENDED.exec(complaint)?.[1];
    if (name === undefined) {
      return `nexus-init: ${complaint}`;
    }
    if (commands.includes(name)) {
      continue;
    }
    const words = lastWords(name, lines.slice(Math.max(0, index - LAST_WORDS_LINES_MAX), index));
    return words === undefined ? complaint : `${complaint}, after "${words}"`;
  }
  return undefined;
}

/** The last line of what the machine complained about, or undefined if it did not. */
export function causeInComplaints(complaints: string): string | undefined {
  const last = complaints.trim().split("\n").at(-1)?.trim();
  return last === "" ? undefined : last;
}

function lastWords(name: string, lines: readonly string[]): string | undefined {
  return lines.findLast((line) => line.startsWith(`${name}: `) || line.startsWith(`${prefixes[name]}: `));
}
