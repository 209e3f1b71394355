// What a user may have meant: the candidates that a word is nearest to.
//
// The one idea: a word is held against every part of a candidate, not against the whole, because paths are named by
// parts of them: the least number of letters to change, leave out or put in until the word stands somewhere in it.

/** A word that differs in more than this share of its letters is not nearly the same. */
const DIFFERENCE_MAX = 1 / 3;

/** Up to `count` candidates that `word` nearly stands in: those that are as near as any. */
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
  // Edits of the word's first letters against a part that ends here; it may begin anywhere, so an empty word costs
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
