// The command of a run: a program's name and its arguments, as one text in the device tree.

import { STARTUP_ARGUMENT_BYTES } from "../../build/gen/host/source/abi/startup.ts";
import { Problem } from "../../host/problem.ts";
import { programs } from "../../toolchain/programs.ts";

/** Words that need quotation marks, so that the guest takes them for one (source/runtime/arguments.ts). */
const NEEDS_QUOTES = /^$| /;

/** What the guest is told to start, with its output kept apart. Throws Problem if it cannot be. */
export function runOf(app: string, args: readonly string[]): string {
  requireProgram(app);
  for (const word of args) {
    requireWord(word);
  }
  const words = args.map((word) => (NEEDS_QUOTES.test(word) ? `"${word}"` : word));
  const run = [`@${app}`, ...words].join(" ");
  const bytes = Buffer.byteLength(run);
  if (bytes > STARTUP_ARGUMENT_BYTES) {
    throw new Problem(`the program's name and arguments have ${bytes} bytes`, {
      hints: [`use at most ${STARTUP_ARGUMENT_BYTES}, or pass the rest on standard input`],
      exitCode: 2,
    });
  }
  return run;
}

/** The programs on the disk, by name. */
export function runnable(): string[] {
  return programs.filter(({ travels }) => travels === "package").map(({ name }) => name);
}

const isName = (text: string): boolean => /^[a-z][a-z0-9-]{0,15}$/.test(text);

function requireProgram(app: string): void {
  const names = runnable();
  if (names.includes(app)) {
    return;
  }
  throw new Problem(`there is no program "${app}"; there are ${names.join(", ")}`, {
    hints: [`./nx new app ${isName(app) ? app : "NAME"} makes one`],
    exitCode: 2,
  });
}

/** The guest's commands are separated by semicolons, and it has no sign that takes a quotation mark's meaning away. */
function requireWord(word: string): void {
  const bad = /[";\p{Cc}]/u.exec(word)?.[0];
  if (bad === undefined) {
    return;
  }
  throw new Problem(`an argument of a program in the guest cannot contain ${JSON.stringify(bad)}`, {
    hints: ["leave it out, or pass the text on standard input"],
    exitCode: 2,
  });
}
