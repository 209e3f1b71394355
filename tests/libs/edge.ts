// Bytes at the very end of a guest's memory: a read of one byte too many traps, so a test that passes proves that
// there was none.

import type { Guest } from "../harness/guest.ts";

const WASM_PAGE_BYTES = 65_536;

/** Memory whose last byte is the guest's last byte. */
export class Edge {
  readonly #guest: Guest;
  readonly #room: number;

  /** @param room the most bytes that will ever be put there */
  constructor(guest: Guest, room: number) {
    this.#guest = guest;
    this.#room = room;
    guest.alloc(room + WASM_PAGE_BYTES);
  }

  /** Puts the bytes so that they end where memory ends, and gives their address. */
  put(bytes: Uint8Array): number {
    if (bytes.length > this.#room) {
      throw new Error(`${bytes.length} bytes, and room for ${this.#room}`);
    }
    const memory = this.#guest.bytes();
    const address = memory.length - bytes.length;
    memory.set(bytes, address);
    return address;
  }
}
