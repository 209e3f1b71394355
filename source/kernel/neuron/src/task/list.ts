/**
 * An intrusive doubly linked list: each item has two words for its neighbours, so the list holds any number of items,
 * and an item anywhere in it is unlinked without a search. `links` is the offset of the two words in an item. The
 * list's owner holds a lock for it.
 *
 *   list   0 first │ 4 last                 addresses of items, 0 for none
 *   item   links + 0 next │ links + 4 previous
 */
@unmanaged
export class List {
  first: u32;
  last: u32;

  linkLast(item: u32, links: u32): void {
    const before = this.last;
    store<u32>(item + links, 0);
    store<u32>(item + links + 4, before);
    if (before === 0) {
      this.first = item;
    } else {
      store<u32>(before + links, item);
    }
    this.last = item;
  }

  linkFirst(item: u32, links: u32): void {
    const after = this.first;
    store<u32>(item + links, after);
    store<u32>(item + links + 4, 0);
    if (after === 0) {
      this.last = item;
    } else {
      store<u32>(after + links + 4, item);
    }
    this.first = item;
  }

  /** Takes out the first item. The list must not be empty. */
  unlinkFirst(links: u32): void {
    const next = load<u32>(this.first + links);
    this.first = next;
    if (next === 0) {
      this.last = 0;
    } else {
      store<u32>(next + links + 4, 0);
    }
  }

  /** Takes out an item that is in this list. */
  unlink(item: u32, links: u32): void {
    const next = load<u32>(item + links);
    const previous = load<u32>(item + links + 4);
    if (previous === 0) {
      this.first = next;
    } else {
      store<u32>(previous + links, next);
    }
    if (next === 0) {
      this.last = previous;
    } else {
      store<u32>(next + links + 4, previous);
    }
  }
}
