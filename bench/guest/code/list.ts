/** A list of 1,000 nodes, scattered in memory: it is walked, reversed, thinned out and searched. */

const NODES: u32 = 1000;
/** Coprime to the number of nodes, so that each place is used once. */
const STRIDE: u32 = 387;
const SEARCHES: u32 = 20;

@unmanaged
@final
class Node {
  next: Node | null;
  key: u32;
}

@unmanaged
@final
class List {
  head: Node | null;
}

export function prepare(base: usize): void {
  const nodes = base + 16;
  let head: Node | null = null;
  for (let index: u32 = 0; index < NODES; index++) {
    const node = changetype<Node>(nodes + <usize>((index * STRIDE) % NODES) * 16);
    node.key = index * 7;
    node.next = head;
    head = node;
  }
  changetype<List>(base).head = head;
}

export function work(base: usize): u32 {
  const list = changetype<List>(base);
  let sum = total(list);
  turnRound(list);
  sum = sum * 31 + total(list);
  removeOdd(list);
  for (let index: u32 = 0; index < SEARCHES; index++) {
    const found = find(list, index * 98);
    sum = sum * 31 + (found === null ? 1 : found.key);
  }
  return sum * 31 + total(list);
}

function total(list: List): u32 {
  let sum: u32 = 0;
  let node = list.head;
  while (node !== null) {
    sum = sum * 3 + node.key;
    node = node.next;
  }
  return sum;
}

function turnRound(list: List): void {
  let before: Node | null = null;
  let node = list.head;
  while (node !== null) {
    const next = node.next;
    node.next = before;
    before = node;
    node = next;
  }
  list.head = before;
}

/** Removes the nodes with odd keys. */
function removeOdd(list: List): void {
  let before: Node | null = null;
  let node = list.head;
  while (node !== null) {
    if ((node.key & 1) === 0) {
      before = node;
    } else if (before === null) {
      list.head = node.next;
    } else {
      before.next = node.next;
    }
    node = node.next;
  }
}

function find(list: List, key: u32): Node | null {
  let node = list.head;
  while (node !== null && node.key !== key) {
    node = node.next;
  }
  return node;
}
