// Plans the Wasm of a group: its loops, which of its blocks are entries, and which need a label.

import { Ending, type Group, successors } from "./flow.ts";
import { type Edge, findLoops, type Item, itemOf, nest, type Scope } from "./scopes.ts";

/** A block, and its number as an entry. */
type Dispatched = readonly [block: number, entry: number];

export class Plan {
  private readonly group: Group;
  /** The number of each block, by its start. */
  readonly indexes: ReadonlyMap<number, number>;
  readonly root: Scope;
  /** The numbers of the blocks that are entries, also those in the middle of a loop to which a branch from outside leads. */
  readonly entries = new Map<number, number>();
  /** The items to which a branch or a br_table leads. */
  readonly labelled = new Set<Item>();
  /** The innermost scope of each block. */
  private readonly scopes: Scope[] = [];
  /** The entries that are reached by a scope's br_table. */
  private readonly dispatched = new Map<Scope, readonly Dispatched[]>();

  constructor(group: Group) {
    this.group = group;
    this.indexes = new Map(group.map(({ start }, index) => [start, index]));
    const edges = this.findEdges();
    this.root = nest(group.length, findLoops(edges));
    this.noteScopes(this.root);
    this.findEntries(edges);
    this.findLabels(edges);
  }

  private findEdges(): Edge[] {
    return this.group.flatMap((block, from) =>
      successors(block).flatMap((place): Edge[] => {
        const to = this.indexes.get(place);
        return to === undefined ? [] : [[from, to]];
      }),
    );
  }

  /** Notes the innermost scope of each block. */
  private noteScopes(scope: Scope): void {
    for (const { first, loop } of scope.items) {
      if (loop === undefined) {
        this.scopes[first] = scope;
      } else {
        this.noteScopes(loop);
      }
    }
  }

  private scopeOf(block: number): Scope {
    return this.scopes[block] ?? this.root;
  }

  /** The item to which a forward branch leads, in the innermost scope that has both blocks. */
  itemAhead(from: number, to: number): Item | undefined {
    let scope = this.scopeOf(from);
    while (scope.outer !== undefined && to > scope.last) {
      scope = scope.outer;
    }
    return itemOf(scope, to);
  }

  private findEntries(edges: readonly Edge[]): void {
    const blocks = new Set(this.group.flatMap(({ isEntry }, index) => (isEntry ? [index] : [])));
    for (const [from, to] of edges) {
      const item = to > from ? this.itemAhead(from, to) : undefined;
      if (item !== undefined && item.first !== to) {
        blocks.add(to);
      }
    }
    const ordered = [...blocks].sort((a, b) => a - b);
    ordered.forEach((block, index) => {
      this.entries.set(block, index + 1);
    });
  }

  /** A scope needs a br_table if it has an entry beside its first block. */
  dispatchedOf(scope: Scope): readonly Dispatched[] {
    const known = this.dispatched.get(scope);
    if (known !== undefined) {
      return known;
    }
    const inside = [...this.entries].filter(([block]) => scope.first <= block && block <= scope.last);
    const dispatched = inside.some(([block]) => block !== scope.first) ? inside : [];
    this.dispatched.set(scope, dispatched);
    return dispatched;
  }

  private findLabels(edges: readonly Edge[]): void {
    for (const [from, to] of edges) {
      const item = to > from + 1 ? this.itemAhead(from, to) : undefined;
      if (item !== undefined) {
        this.labelled.add(item);
      }
    }
    // A jump to the next block needs no branch, but a branch to it does.
    this.group.forEach((block, from) => {
      const isNext = block.ending === Ending.Branches && this.indexes.get(block.taken) === from + 1;
      const item = isNext ? this.itemAhead(from, from + 1) : undefined;
      if (item !== undefined) {
        this.labelled.add(item);
      }
    });
    this.labelDispatched(this.root);
  }

  private labelDispatched(scope: Scope): void {
    const dispatched = this.dispatchedOf(scope);
    const [first] = scope.items;
    if (dispatched.length > 0 && first !== undefined) {
      this.labelled.add(first);
    }
    for (const [block] of dispatched) {
      const item = itemOf(scope, block);
      if (item !== undefined) {
        this.labelled.add(item);
      }
    }
    for (const { loop } of scope.items) {
      if (loop !== undefined) {
        this.labelDispatched(loop);
      }
    }
  }

  /** Whether a block lies in a loop that has a br_table. */
  isInDispatchedLoop(index: number): boolean {
    for (let scope = this.scopeOf(index); scope.outer !== undefined; scope = scope.outer) {
      if (this.dispatchedOf(scope).length > 0) {
        return true;
      }
    }
    return false;
  }
}
