// Why a boot failed, if a console line says so: of all the problems of the run, this is the one that a person has to
// read.
//
// The one idea: a service that ends takes everything with it that comes later, so most of what is missing is missing
// because of it. The task that ended first, and its last words, are the cause; a marker that never came is only the
// symptom.

/** The kernel refuses the machine. */
const KERNEL_REFUSES = /^neuron: (cannot boot: .+)$/;
/** nexus-init prints a line only when something went wrong. A service that is started again is not lost yet. */
const INIT_COMPLAINS = /^nexus-init: (?!.*; started again in )(.+)$/;
/** The task whose end it reports. */
const ENDED = /^(\S+) ended: /;

/** How a program's lines begin, if not with its name. */
const prefixes: Readonly<Record<string, string>> = { packagefsd: "pkgfs" };

/** How many lines before a program's end its last words may be. */
const LAST_WORDS_LINES_MAX = 40;

/**
 * The cause that the console of a failed run gives, or undefined. `commands` are the programs that the run was to
 * start: how these end is reported separately.
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

/** The last line of the machine's complaints, or undefined if it had none. */
export function causeInComplaints(complaints: string): string | undefined {
  const last = complaints.trim().split("\n").at(-1)?.trim();
  return last === "" ? undefined : last;
}

function lastWords(name: string, lines: readonly string[]): string | undefined {
  return lines.findLast((line) => line.startsWith(`${name}: `) || line.startsWith(`${prefixes[name]}: `));
}
