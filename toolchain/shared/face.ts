// Writes the exports of a guest's module as types of the host: a source that re-exports functions becomes an interface
// with their signatures and the list of their names. Both come from the functions themselves, so there is no second
// list.
//
//     export { run } from "./machine";                       in machine/core/module.ts
//     export function run(instructions: u64): Stop { … }     in machine/core/machine.ts
//     run: (instructions: bigint) => number;                 in build/gen/host/machine/core/module.ts

import { posix } from "node:path";
import { Problem } from "../../host/problem.ts";
import { withoutComments } from "./read.ts";

/** The guest's types that the host does not have as a number. Enums, addresses and objects of the guest are 32 bits wide. */
const hostTypes: ReadonlyMap<string, string> = new Map([
  ["u64", "bigint"],
  ["i64", "bigint"],
  ["void", "void"],
]);

/** A module's text, and the sources that it was made from. */
export interface Face {
  readonly text: string;
  readonly sources: readonly string[];
}

/**
 * Makes the host's module for a source that only re-exports.
 *
 * @param read gives the text of a source, by its path relative to the root
 * @throws Problem where an export is neither a function nor a constant of its file
 */
export function faceModule(file: string, read: (path: string) => string): Face {
  const reexports = [...withoutComments(read(file)).matchAll(/^export \{([^}]*)\} from "([^"]+)";/gm)];
  const sources = reexports.map(([, , from = ""]) => `${posix.join(posix.dirname(file), from)}.ts`);
  const functions: string[] = [];
  const constants: string[] = [];
  for (const [index, [, names = ""]] of reexports.entries()) {
    const source = sources[index] ?? file;
    const text = withoutComments(read(source));
    for (const name of names.match(/\w+/g) ?? []) {
      const signature = signatureOf(text, name);
      if (signature !== undefined) {
        functions.push(`${name}: ${signature}`);
      } else if (new RegExp(`^export const ${name}\\b`, "m").test(text)) {
        constants.push(name);
      } else {
        throw new Problem(`${file} exports ${name}, which is no function or constant of ${source}`, {
          subject: file,
          hints: ["the host calls functions and reads constants: export one of these"],
        });
      }
    }
  }
  return { text: moduleText(file, functions.sort(), constants.sort()), sources: [file, ...sources] };
}

/** The host's signature of a guest function; undefined if the source has none of that name. */
function signatureOf(text: string, name: string): string | undefined {
  const [, written, result] =
    new RegExp(`^export function ${name}\\(([^)]*)\\): (\\w+) \\{`, "m").exec(text) ?? [];
  if (written === undefined || result === undefined) {
    return undefined;
  }
  const parameters = [...written.matchAll(/(\w+): (\w+)/g)].map(
    ([, parameter = "", type = ""]) => `${parameter}: ${hostType(type)}`,
  );
  return `(${parameters.join(", ")}) => ${hostType(result)}`;
}

function hostType(type: string): string {
  return hostTypes.get(type) ?? "number";
}

function moduleText(file: string, functions: readonly string[], constants: readonly string[]): string {
  const names = functions.map((each) => `  "${each.slice(0, each.indexOf(":"))}",\n`);
  return `// Made from ${file} and the functions that it exports, by toolchain/shared.

export interface Functions {
${functions.map((each) => `  ${each};\n`).join("")}}

export const functionNames = [
${names.join("")}] as const satisfies readonly (keyof Functions)[];

export interface Constants {
${constants.map((name) => `  ${name}: WebAssembly.Global;\n`).join("")}}

export const constantNames = [
${constants.map((name) => `  "${name}",\n`).join("")}] as const satisfies readonly (keyof Constants)[];
`;
}
