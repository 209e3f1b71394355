// Makes an input smaller as long as it still does the same: pieces go, then bytes become plain.

/** Runs of the code under test that one input may cost. */
const RUNS_MAX = 4000;
const PLAIN_BYTE = 0x30;

/** The smallest input found for which `holds` is true, as it is for `input`. */
export async function minimize(
  input: Uint8Array,
  holds: (input: Uint8Array) => boolean | Promise<boolean>,
): Promise<Uint8Array> {
  let best = input;
  let runs = 0;
  const isBetter = async (candidate: Uint8Array): Promise<boolean> => {
    runs += 1;
    const does = runs <= RUNS_MAX && (await holds(candidate));
    best = does ? candidate : best;
    return does;
  };
  for (let length = best.length >>> 1; length > 0; length >>>= 1) {
    for (let at = 0; at < best.length; ) {
      const without = new Uint8Array([...best.subarray(0, at), ...best.subarray(at + length)]);
      at += (await isBetter(without)) ? 0 : length;
    }
  }
  for (let at = 0; at < best.length; at++) {
    if (best[at] !== PLAIN_BYTE && best[at] !== 0) {
      (await isBetter(best.with(at, 0))) || (await isBetter(best.with(at, PLAIN_BYTE)));
    }
  }
  return best;
}
