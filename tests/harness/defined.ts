// For a value that has to be there: an element, a match, a result. Where it is missing, the test fails at that place and does not
// go on with a zero. A default (`??`) is for what may be missing.

/** The value; an error if there is none, which names what it is. */
export function defined<T>(value: T | null | undefined, what = "a value that the test needs"): T {
  if (value === undefined || value === null) {
    throw new Error(`${what} is missing`);
  }
  return value;
}
