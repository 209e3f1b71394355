// An error that the code under test may answer a bad input with. Any other exception is a failure.

import type { AnswerCoverage } from "../engine/answers.ts";

type ErrorClass = abstract new (...args: never[]) => Error;

/** What the work gives; undefined if it throws an error of this class, or of one that extends it. */
export function allows<Result>(
  answers: AnswerCoverage,
  allowed: ErrorClass,
  work: () => Result,
): Result | undefined {
  return allowsIf(answers, (error) => error instanceof allowed, work);
}

/** The same for code whose own errors are plain ones: a TypeError or a RangeError comes from a mistake in it. */
export function allowsPlain<Result>(answers: AnswerCoverage, work: () => Result): Result | undefined {
  return allowsIf(answers, (error) => ["Error", "Problem"].includes(error.name), work);
}

function allowsIf<Result>(
  answers: AnswerCoverage,
  isAllowed: (error: Error) => boolean,
  work: () => Result,
): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error && isAllowed(error))) {
      throw error;
    }
    answers.say(error.message);
    return undefined;
  }
}
