// Turns branches into the structure that Wasm needs: a group's blocks in the order of their addresses, with nested loops. A
// forward branch leads to the end of a Wasm block, a backward branch to the start of a Wasm loop.
//
// A loop reaches from the target of a backward branch to the last such branch. If two loops overlap, the outer one is made
// longer, so that it contains the inner one. So a loop may contain blocks that do not belong to it.

/** A group's blocks `first` to `last`, the first of which is the target of a branch from one of them. */
export interface Loop {
  first: number;
  last: number;
}

/** A branch from one of a group's blocks to another, by their numbers. */
export type Edge = readonly [from: number, to: number];

/** The loops of a group, the outer ones first. */
export function findLoops(edges: readonly Edge[]): Loop[] {
  const ends = new Map<number, number>();
  for (const [from, to] of edges) {
    if (to <= from) {
      ends.set(to, Math.max(from, ends.get(to) ?? from));
    }
  }
  const loops = [...ends].map(([first, last]) => ({ first, last })).sort((a, b) => a.first - b.first);
  // A loop that begins in another one must end in it. Goes from the last to the first, so that inner loops are done first.
  for (let index = loops.length - 1; index >= 0; index--) {
    const outer = loops[index];
    if (outer === undefined) {
      break;
    }
    for (const inner of loops.slice(index + 1)) {
      if (inner.first <= outer.last) {
        outer.last = Math.max(outer.last, inner.last);
      }
    }
  }
  return loops;
}

/** A part of a scope: a block, or a loop with everything in it. */
export interface Item {
  first: number;
  last: number;
  loop: Scope | undefined;
}

/** The whole of a group, or a loop. */
export interface Scope {
  first: number;
  last: number;
  items: Item[];
  /** The scope that it lies in. */
  outer: Scope | undefined;
}

/** Nests a group's loops. */
export function nest(blockCount: number, loops: readonly Loop[]): Scope {
  const root: Scope = { first: 0, last: blockCount - 1, items: [], outer: undefined };
  let scope = root;
  let nextLoop = 0;
  for (let block = 0; block < blockCount; block++) {
    while (scope.outer !== undefined && block > scope.last) {
      scope = scope.outer;
    }
    const loop = loops[nextLoop];
    if (loop !== undefined && loop.first === block) {
      nextLoop += 1;
      const inner: Scope = { ...loop, items: [], outer: scope };
      scope.items.push({ ...loop, loop: inner });
      scope = inner;
    }
    scope.items.push({ first: block, last: block, loop: undefined });
  }
  return root;
}

/** The item of a scope that holds a block. */
export function itemOf(scope: Scope, block: number): Item | undefined {
  return scope.items.find(({ first, last }) => first <= block && block <= last);
}
