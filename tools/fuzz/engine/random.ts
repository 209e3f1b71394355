// The random numbers of one fuzzing session. Everything that a session draws comes from one generator, so its seed
// repeats the session.

/** Splitmix32 (Steele, Lea, Flood 2014, in 32 bits): one word of state. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** The next word, 0 to 2^32 - 1. */
  word(): number {
    this.state = (this.state + 0x9e37_79b9) >>> 0;
    let word = this.state;
    word = Math.imul(word ^ (word >>> 16), 0x21f0_aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a_2d97);
    return (word ^ (word >>> 15)) >>> 0;
  }

  /** A number below `limit`; 0 if there is none. */
  below(limit: number): number {
    return limit > 0 ? this.word() % limit : 0;
  }

  /** One of the items. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) {
      throw new Error("there is nothing to pick from");
    }
    return item;
  }
}
