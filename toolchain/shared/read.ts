// Reads the numbers that a guest source exports: its `const enum`s, and its constants that are written as a number.
//
// It does without asc, because ./nx needs these numbers before it can run anything. So it understands only plain forms:
// a number, `-1`, `~0`, `1 << 4`. A member of an enum in another form is refused with its line, and a constant that is
// computed from others is left out. tests/toolchain/shared.test.ts compares all of it with asc's values.

import { Problem } from "../../host/problem.ts";

/** A `const enum`, its members in the order of the source. */
export interface SharedEnum {
  readonly name: string;
  readonly members: readonly (readonly [name: string, value: bigint])[];
}

/** A constant. If it is `wide`, it has 64 bits and is a bigint on the host. */
export interface SharedConstant {
  readonly name: string;
  readonly value: bigint;
  readonly wide: boolean;
}

/** The shared numbers of one source. */
export interface SharedNumbers {
  readonly enums: readonly SharedEnum[];
  readonly constants: readonly SharedConstant[];
}

/** The guest's integer types, each with a function that fits a value to it. */
const types: ReadonlyMap<string, { wide: boolean; fit: (value: bigint) => bigint }> = new Map([
  ["i32", { wide: false, fit: (value) => BigInt.asIntN(32, value) }],
  ["u32", { wide: false, fit: (value) => BigInt.asUintN(32, value) }],
  ["i64", { wide: true, fit: (value) => BigInt.asIntN(64, value) }],
  ["u64", { wide: true, fit: (value) => BigInt.asUintN(64, value) }],
]);

/**
 * Gives the numbers that a source exports.
 *
 * @param file the source's path, for messages
 * @throws Problem if a member of an enum is not written as a number
 */
export function readNumbers(source: string, file: string): SharedNumbers {
  const text = withoutComments(source);
  const enums = [...text.matchAll(/^export const enum (\w+) \{([^}]*)\}/gm)].map(
    ({ 1: name = "", 2: body = "", index }) => {
      const line = text.slice(0, text.indexOf("{", index)).split("\n").length;
      return { name, members: readMembers(body, file, line) };
    },
  );
  const constants = [...text.matchAll(/^export const (\w+): (\w+) = ([^;]+);/gm)].flatMap(
    ([, name = "", typeName = "", written = ""]) => {
      const type = types.get(typeName);
      const value = numberIn(written);
      return type === undefined || value === undefined
        ? []
        : [{ name, value: type.fit(value), wide: type.wide }];
    },
  );
  return { enums, constants };
}

/** The members between the braces, the first of which is on `line` or after it. */
function readMembers(body: string, file: string, line: number): (readonly [string, bigint])[] {
  const members: (readonly [string, bigint])[] = [];
  let next = 0n;
  let at = line;
  for (const part of body.split(",")) {
    const member = part.trim();
    const memberLine = at + newlines(/^\s*/.exec(part)?.[0]);
    at += newlines(part);
    if (member === "") {
      continue;
    }
    const [, name, written] = /^(\w+)(?:\s*=\s*([\s\S]+))?$/.exec(member) ?? [];
    const value = written === undefined ? next : numberIn(written);
    if (name === undefined || value === undefined) {
      throw new Problem(`${file}:${memberLine}: "${member}" is not a name with a number`, {
        subject: file,
        hints: ["the host reads this enum as well: give each member a number, such as 4, -1, 0x10 or 1 << 4"],
      });
    }
    members.push([name, value]);
    next = value + 1n;
  }
  return members;
}

function newlines(text = ""): number {
  return text.split("\n").length - 1;
}

/** The value of a text, if it is in one of the plain forms. */
function numberIn(written: string): bigint | undefined {
  const [, sign, digits, shift] =
    /^([-~]?)(0x[\da-f_]+|\d[\d_]*)(?:\s*<<\s*(\d+))?$/i.exec(written.trim()) ?? [];
  if (digits === undefined) {
    return undefined;
  }
  const number = BigInt(digits.replaceAll("_", ""));
  const signed = sign === "-" ? -number : sign === "~" ? ~number : number;
  return signed << BigInt(shift ?? 0);
}

/** The text without its comments. The lines keep their numbers. */
export function withoutComments(source: string): string {
  return source.replace(/"(?:[^"\\\n]|\\.)*"|`[^`]*`|\/\*[\s\S]*?\*\/|\/\/.*/g, (found) =>
    found.startsWith("/") ? "\n".repeat(newlines(found)) : found,
  );
}
