// JSON from a file or a message, with its shape checked before it has a type.
//
//     const shape = object({ version: number, steps: list(text) });
//     const { steps } = readJson(content, "build/stamps.json", shape);       steps is string[]
//
// A shape is a function that gives the value back under its type, or throws. What is wrong is said once, as a Problem:
// the name of the file, the place in it, and what should stand there. Members that no shape names are passed over.

import { Problem } from "./problem.ts";

/** Checks the value at a place, and gives it its type. @throws Mismatch */
export type Shape<Type> = (value: unknown, place: string) => Type;

/** The type that a shape checks for. */
export type Shaped<Checked> = Checked extends Shape<infer Type> ? Type : never;

/** What is wrong, and where in the value. */
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

function mismatch(place: string, wanted: string): Mismatch {
  return new Mismatch(`has no ${wanted} ${place === "" ? "in it" : `at ${place}`}`);
}

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

export const truth: Shape<boolean> = (value, place) => {
  if (typeof value !== "boolean") {
    throw mismatch(place, "true or false");
  }
  return value;
};

/** One of some texts. */
export function oneOf<const Word extends string>(...words: readonly Word[]): Shape<Word> {
  return (value, place) => {
    const found = words.find((word) => word === value);
    if (found === undefined) {
      throw mismatch(place, words.join(" or "));
    }
    return found;
  };
}

/** What the shape says, or null. */
export function nullable<Type>(shape: Shape<Type>): Shape<Type | null> {
  return (value, place) => (value === null ? null : shape(value, place));
}

/** What the shape says, or nothing. */
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

/** An object whose members have these shapes. */
export function object<Members extends Record<string, unknown>>(
  shapes: {
    readonly [Name in keyof Members]: Shape<Members[Name]>;
  },
): Shape<Members> {
  return (value, place) => {
    if (!isObject(value)) {
      throw mismatch(place, "object");
    }
    const checked: Partial<Members> = {};
    for (const name in shapes) {
      checked[name] = shapes[name](value[name], place === "" ? name : `${place}.${name}`);
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
