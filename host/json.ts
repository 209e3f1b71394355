// JSON from a file or a message, with its shape checked before it has a type.
//
//     const shape = object({ version: number, steps: list(text) });
//     const { steps } = readJson(content, "build/stamps.json", shape);       steps is string[]
//
// A shape is a function that returns the value under its type, or throws. The error is one Problem:
// the name of the file, the place in it, and what should be there. Members that the shape does not name are ignored.

import { Problem } from "./problem.ts";

/** Checks the value at a place, and gives it its type. @throws Mismatch */
export type Shape<Type> = (value: unknown, place: string) => Type;

/** The type of a shape's value. */
export type Shaped<Checked> = Checked extends Shape<infer Type> ? Type : never;

/** An error, with its place in the value. */
class Mismatch extends Error {}

/** Reads JSON that has a shape. @throws Problem that begins with `name` */
export function readJson<Type>(content: string, name: string, shape: Shape<Type>): Type {
  const value = parse(content, name);
  try {
    return shape(value, "");
  } catch (error) {
    if (!(error instanceof Mismatch)) {
      throw error;
    }
    throw new Problem(`${name} ${error.message}`, { subject: name });
  }
}

function parse(content: string, name: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    if (!(error instanceof SyntaxError)) {
      throw error;
    }
    throw new Problem(`${name} is not JSON: ${error.message}`, { subject: name });
  }
}

/** What a shape throws where it does not find what it wants. */
export function mismatch(place: string, wanted: string): Error {
  return new Mismatch(`has no ${wanted} ${at(place)}`);
}

function at(place: string): string {
  return place === "" ? "in it" : `at ${place}`;
}

/** The place of a member of what is at `place`. */
function inside(place: string, name: string): string {
  return place === "" ? name : `${place}.${name}`;
}

/** Any value, unchecked. */
export const anything: Shape<unknown> = (value) => value;

export const text: Shape<string> = (value, place) => {
  if (typeof value !== "string") {
    throw mismatch(place, "text");
  }
  return value;
};

export const number: Shape<number> = (value, place) => {
  if (typeof value !== "number") {
    throw mismatch(place, "number");
  }
  return value;
};

/** A whole number within bounds. */
export function integer(min = 0, max = Number.MAX_SAFE_INTEGER): Shape<number> {
  return (value, place) => {
    const found = number(value, place);
    if (!Number.isSafeInteger(found) || found < min || found > max) {
      throw new Mismatch(`has ${found} ${at(place)}, and needs a whole number from ${min} to ${max} there`);
    }
    return found;
  };
}

/** A number that may be too large for JSON, and is a text of decimal digits there: up to 64 bits. */
export const decimal: Shape<bigint> = (value, place) => {
  const digits = text(value, place);
  if (!/^[0-9]{1,20}$/.test(digits) || BigInt(digits) >= 2n ** 64n) {
    throw mismatch(place, "number in decimal digits");
  }
  return BigInt(digits);
};

export const truth: Shape<boolean> = (value, place) => {
  if (typeof value !== "boolean") {
    throw mismatch(place, "true or false");
  }
  return value;
};

/** One of several texts. */
export function oneOf<const Word extends string>(...words: readonly Word[]): Shape<Word> {
  return (value, place) => {
    const found = words.find((word) => word === value);
    if (found === undefined) {
      throw mismatch(place, words.join(" or "));
    }
    return found;
  };
}

/** A value of the shape, or null. */
export function nullable<Type>(shape: Shape<Type>): Shape<Type | null> {
  return (value, place) => (value === null ? null : shape(value, place));
}

/** A value of the shape, or undefined. */
export function optional<Type>(shape: Shape<Type>): Shape<Type | undefined> {
  return (value, place) => (value === undefined ? undefined : shape(value, place));
}

export function list<Type>(shape: Shape<Type>): Shape<Type[]> {
  return (value, place) => {
    if (!Array.isArray(value)) {
      throw mismatch(place, "list");
    }
    return value.map((each: unknown, index) => shape(each, `${place}[${index}]`));
  };
}

/** A list of exactly two, each with its own shape. */
export function pair<First, Second>(first: Shape<First>, second: Shape<Second>): Shape<[First, Second]> {
  return (value, place) => {
    if (!Array.isArray(value) || value.length !== 2) {
      throw mismatch(place, "pair");
    }
    return [first(value[0], `${place}[0]`), second(value[1], `${place}[1]`)];
  };
}

/** An object, with all its members, unchecked. */
export const members: Shape<Readonly<Record<string, unknown>>> = (value, place) => {
  if (!isObject(value)) {
    throw mismatch(place, "object");
  }
  return value;
};

/** An object as a table: any names, and values of one shape. */
export function table<Type>(shape: Shape<Type>): Shape<Record<string, Type>> {
  return (value, place) =>
    Object.fromEntries(
      Object.entries(members(value, place)).map(([name, each]) => [name, shape(each, inside(place, name))]),
    );
}

/** An object of one of several shapes: its member `key` is a text that says which. */
export function variant<Type>(key: string, shapes: Readonly<Record<string, Shape<Type>>>): Shape<Type> {
  return (value, place) => {
    const word = members(value, place)[key];
    const shape = typeof word === "string" && Object.hasOwn(shapes, word) ? shapes[word] : undefined;
    if (shape === undefined) {
      throw mismatch(inside(place, key), Object.keys(shapes).join(" or "));
    }
    return shape(value, place);
  };
}

/** An object whose members have these shapes. */
export function object<Members extends Record<string, unknown>>(
  shapes: {
    readonly [Name in keyof Members]: Shape<Members[Name]>;
  },
): Shape<Members> {
  return (value, place) => {
    const found = members(value, place);
    const checked: Partial<Members> = {};
    for (const name in shapes) {
      checked[name] = shapes[name](found[name], inside(place, name));
    }
    if (!isWhole(checked, shapes)) {
      throw mismatch(place, "object");
    }
    return checked;
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWhole<Members>(checked: Partial<Members>, shapes: object): checked is Members {
  return Object.keys(shapes).every((name) => name in checked);
}
