// Chooses few and short inputs for a corpus: together they reach what all of them reach.

import { minimize } from "./minimize.ts";
import { failureOf } from "./session.ts";
import type { Running } from "./target.ts";

/** A corpus in the repository has this many bytes at most. */
const CORPUS_BYTES_MAX = 16_384;
/** Shortening an input costs many runs, so longer ones stay as they are. */
const SHORTENED_BYTES_MAX = 1024;
const PARTS_MAX = 8;

/**
 * The shortest inputs first, each one that reaches something which those before it do not.
 *
 * @param isSlow an input takes long: they stay as they are
 */
export async function smallest(
  fresh: Running,
  inputs: readonly Uint8Array[],
  isSlow = false,
): Promise<Uint8Array[]> {
  const { coverage } = fresh;
  const chosen: Uint8Array[] = [];
  let bytes = 0;
  const reaches = async (input: Uint8Array): Promise<boolean> => {
    coverage.clear();
    await failureOf(fresh, input);
    return coverage.hasNew(false);
  };
  for (const input of [...inputs].sort((a, b) => a.length - b.length)) {
    // A shorter input may reach only a part of what this one does: then there is another one for the rest.
    for (let part = 0; part < PARTS_MAX && (await reaches(input)); part++) {
      const short = !isSlow && input.length <= SHORTENED_BYTES_MAX ? await minimize(input, reaches) : input;
      if (bytes + short.length > CORPUS_BYTES_MAX) {
        return chosen;
      }
      await reaches(short);
      coverage.hasNew(true);
      chosen.push(short);
      bytes += short.length;
    }
  }
  return chosen;
}
