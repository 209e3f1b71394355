// Finds what a user may have meant: the candidates that are nearest to a word.
//
// The one idea: a word is compared with every part of a candidate, not with the whole, because users name a path by a
// part of it. The distance is the least number of letters to change, remove or insert until the word is in the
// candidate.

/** A candidate that differs from the word in more than this share of its letters is not near. */
const DIFFERENCE_MAX = 1 / 3;

/** Up to `count` candidates, all at the least distance from `word`. */
export function nearest(word: string, candidates: readonly string[], count = 3): string[] {
  const limit = Math.max(1, Math.floor(word.length * DIFFERENCE_MAX));
  const near = candidates
    .map((candidate) => ({ candidate, edits: editsWithin(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ edits }) => edits <= limit && edits < word.length);
  const least = Math.min(...near.map(({ edits }) => edits));
  return near
    .filter(({ edits }) => edits === least)
    .map(({ candidate }) => candidate)
    .sort((a, b) => a.length - b.length)
    .slice(0, count);
}

/** The least number of edits that make `word` a part of `text` (Sellers' algorithm). */
function editsWithin(word: string, text: string): number {
  // The edits between the word's first letters and a part that ends here. It may begin anywhere, so an empty word costs
  // nothing.
  let row = Array.from({ length: word.length + 1 }, (_, length) => length);
  let least = row[word.length] ?? 0;
  for (const letter of text) {
    const next = [0];
    for (let length = 1; length <= word.length; length += 1) {
      const replaced = (row[length - 1] ?? 0) + (word[length - 1] === letter ? 0 : 1);
      const inserted = (next[length - 1] ?? 0) + 1;
      const left = (row[length] ?? 0) + 1;
      next.push(Math.min(replaced, inserted, left));
    }
    row = next;
    least = Math.min(least, row[word.length] ?? least);
  }
  return least;
}
