/* A list of 1,000 nodes, scattered in memory: it is walked, reversed, thinned out and searched. */

#include "pair.h"

/* STRIDE is coprime to the number of nodes, so that each place is used once. */
enum { NODES = 1000, STRIDE = 387, SEARCHES = 20 };

struct Node {
  struct Node *next;
  u32 key;
};

struct List {
  struct Node *head;
};

static u32 total(const struct List *list) {
  u32 sum = 0;
  for (const struct Node *node = list->head; node != 0; node = node->next) {
    sum = sum * 3 + node->key;
  }
  return sum;
}

static void turnRound(struct List *list) {
  struct Node *before = 0;
  struct Node *node = list->head;
  while (node != 0) {
    struct Node *next = node->next;
    node->next = before;
    before = node;
    node = next;
  }
  list->head = before;
}

/* Removes the nodes with odd keys. */
static void removeOdd(struct List *list) {
  struct Node *before = 0;
  for (struct Node *node = list->head; node != 0; node = node->next) {
    if ((node->key & 1) == 0) {
      before = node;
    } else if (before == 0) {
      list->head = node->next;
    } else {
      before->next = node->next;
    }
  }
}

static struct Node *find(const struct List *list, u32 key) {
  struct Node *node = list->head;
  while (node != 0 && node->key != key) {
    node = node->next;
  }
  return node;
}

void listPrepare(u8 *memory) {
  struct Node *nodes = (struct Node *)(memory + 16);
  struct Node *head = 0;
  for (u32 index = 0; index < NODES; index++) {
    struct Node *node = &nodes[index * STRIDE % NODES];
    node->key = index * 7;
    node->next = head;
    head = node;
  }
  ((struct List *)memory)->head = head;
}

u32 listWork(u8 *memory) {
  struct List *list = (struct List *)memory;
  u32 sum = total(list);
  turnRound(list);
  sum = sum * 31 + total(list);
  removeOdd(list);
  for (u32 index = 0; index < SEARCHES; index++) {
    const struct Node *found = find(list, index * 98);
    sum = sum * 31 + (found == 0 ? 1 : found->key);
  }
  return sum * 31 + total(list);
}
