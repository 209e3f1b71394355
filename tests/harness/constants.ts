// The constants of a file by the way they are written: which of them are a number or a text, and are not in capitals.

import { defined } from "./defined.ts";

/** What a value may be made of to be a number: literals, casts, operators, and other constants. */
const NUMBER = /^(?:<\w+>|[-+*/%~()&|^\s<>]|0[xb][\da-fA-F_]+n?|\d[\d_.]*(?:e\d+)?n?|[A-Z][A-Z0-9_]*\b)+$/;
/** A text without anything put in. */
const TEXT = /^(?:"[^"]*"|'[^']*'|`[^`$]*`)$/;

/** The names of a file's constants that are a number or a text, and are not written in capitals. */
export function miscasedConstants(source: string): string[] {
  const declarations = source.matchAll(/^(?:export )?const (\w+)(?:: [\w.]+)? =\s+([^;]*?);/gm);
  return [...declarations]
    .map(([, name, value]) => ({ name: defined(name), value: defined(value) }))
    .filter(({ name, value }) => isWritten(value) && !/^[A-Z][A-Z0-9_]*$/.test(name))
    .map(({ name }) => name);
}

function isWritten(value: string): boolean {
  return TEXT.test(value) || (NUMBER.test(value) && /\d/.test(value));
}
