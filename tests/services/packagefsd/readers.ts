// Readers of a disk that is slow or silent: what they ask for, what they get, and what is in their memory.

import type { FakeVmo } from "../../harness/fake-kernel/kernel.ts";
import { type DiskRead, silent } from "./fake-disk.ts";
import { BLOCK_BYTES, image, large, partsOf, sameBytes } from "./images.ts";
import { type Client, type Running, start } from "./running.ts";
import type { Fields } from "./wire.ts";

/** How long a request may hold the others up, in milliseconds. */
export const PATIENCE = 20n;
/** How soon after its blocks have come a request is answered. */
export const SOON = 10;
/** Longer than the block service tries a read; longer than any request waits. */
export const READ_MAX = 15_000;
export const REQUEST_MAX = 60_000;
/** A slow read. */
export const READ_SLOW = 9000;
export const SECTORS_PER_BLOCK = BLOCK_BYTES / 512;
export const CLIENTS = 8;

export const { data, tree } = partsOf(image);
/** Where block `index` of bin/large begins on the disk. */
export const sectorOf = (index: number): number => (data + index) * SECTORS_PER_BLOCK;
export const blocksOf = (first: number, count = 1): Uint8Array =>
  large.subarray(first * BLOCK_BYTES, (first + count) * BLOCK_BYTES);

export const touches = ({ lba, count }: DiskRead, sector: number): boolean =>
  lba <= sector && sector < lba + count;

/** A client that reads bin/large. */
export class Reader {
  readonly client: Client;
  readonly vmo: FakeVmo;
  readonly file: number;

  constructor(running: Running, badge: number) {
    this.client = running.client(badge);
    this.vmo = this.client.attach(131_072);
    this.vmo.content.fill(0xab);
    this.file = this.client.open("bin/large");
  }

  /** Asks for whole blocks, and does not wait. */
  ask(block: number, count = 1): () => Fields | undefined {
    const [offset, length] = [BigInt(block * BLOCK_BYTES), count * BLOCK_BYTES];
    return this.client.ask("read", { file: this.file, offset, length, into: 0n });
  }

  has(block: number, count = 1): boolean {
    return sameBytes(this.vmo.content.subarray(0, count * BLOCK_BYTES), blocksOf(block, count));
  }

  get isUntouched(): boolean {
    return this.vmo.content.every((byte) => byte === 0xab);
  }
}

/** A mounted image whose sectors are silent from now on if they are in the set. */
export async function withSilence(...blocks: readonly number[]) {
  const running = await start(image.slice());
  const sectors = new Set(blocks.map(sectorOf));
  running.disk.misbehave = (read) =>
    [...sectors].some((sector) => touches(read, sector)) ? silent : undefined;
  return { ...running, sectors, reader: (badge: number) => new Reader(running, badge) };
}

export const ok = (bytes: number): Fields => ({ status: "ok", bytes });
export const refused = (status: string): Fields => ({ status, bytes: 0 });
