// Checks an image whole: a small one at once, a large one on all cores.
//
// A large image is cut into pieces. Most are runs of files, each of which is held against its own hash and the hash tree.
// The hash of one file cannot be computed in parts. So the blocks of a large file are pieces by themselves, held against
// the tree, while one thread hashes the file. A thread that is done with a piece takes the next.
//
// What is said does not depend on the threads: it is about the first piece, in the order of the image, that is not right.

import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { BLOCK_BYTES } from "../../build/gen/host/source/libs/pkgimg/format.ts";
import { number, object, readJson, type Shaped } from "../../host/json.ts";
import { Problem } from "../../host/problem.ts";
import { root } from "../../host/root.ts";
import type { ImageReader } from "./reader.ts";

/** Blocks from which on an image is large. Below, threads would take longer to start than the check takes. */
const LARGE_BLOCKS = 8192;
/** Bytes of content in a piece. */
const PIECE_BYTES = 16 << 20;
const THREADS_MAX = 32;
/** The thread's program. It is plain JavaScript, as a thread begins with a file and not with a part of a bundle. */
const THREAD = "tools/image/verify-thread.js";

/** What a thread does at once: files with their blocks, blocks alone, or the hash of a file alone. */
interface Piece {
  readonly kind: "files" | "blocks" | "hash";
  /** The first entry or block. */
  readonly first: number;
  readonly count: number;
}

/** What came of a piece: an ImageError, 0 if all matches, and where. */
const outcome = object({ error: number, block: number, entry: number });

/** Checks everything. @throws Problem about the first thing that does not match */
export async function verifyImage(image: ImageReader): Promise<void> {
  const threads = Math.min(availableParallelism(), THREADS_MAX);
  if (image.blockCount < LARGE_BLOCKS || threads === 1) {
    image.verify();
  } else {
    await verifyOnThreads(image, threads, PIECE_BYTES);
  }
}

/** The same on so many threads, by pieces of at least so many bytes. */
export async function verifyOnThreads(
  image: ImageReader,
  threads: number,
  pieceBytes: number,
): Promise<void> {
  const team = new VerifyThreads(threads);
  try {
    await team.verify(image, pieceBytes);
  } finally {
    await team.end();
  }
}

/** Threads that check one image after another. They end when they are told to. */
export class VerifyThreads {
  readonly #workers: readonly Worker[];

  constructor(threads: number) {
    this.#workers = Array.from({ length: threads }, () => new Worker(join(root, THREAD)));
  }

  /** Checks an image, by pieces of at least so many bytes. @throws Problem about the first thing that does not match */
  async verify(image: ImageReader, pieceBytes: number): Promise<void> {
    const work = new Work(piecesOf(image, pieceBytes));
    await Promise.all(this.#workers.map((worker) => checkOn(worker, image, work)));
    if (work.failed) {
      const { error, block, entry } = work.failed;
      image.refuse(error, block, entry);
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** The pieces that are left, and the first that was not right. */
class Work {
  readonly #pieces: readonly Piece[];
  /** Numbers of pieces, in the order in which they are given out. */
  readonly #left: number[];
  #failedAt = Number.POSITIVE_INFINITY;
  failed: Shaped<typeof outcome> | undefined;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
    // A large file's hash takes longest, so it comes first: the threads end at about the same time.
    const isHash = (at: number): boolean => pieces[at]?.kind === "hash";
    const numbers = [...pieces.keys()];
    this.#left = [...numbers.filter(isHash), ...numbers.filter((at) => !isHash(at))];
  }

  /** The next piece, with its number. Of those behind one that was not right, none is needed. */
  next(): { readonly at: number; readonly piece: Piece } | undefined {
    for (let at = this.#left.shift(); at !== undefined; at = this.#left.shift()) {
      const piece = this.#pieces[at];
      if (piece && at < this.#failedAt) {
        return { at, piece };
      }
    }
    return undefined;
  }

  /** Notes what came of piece `at`. */
  done(at: number, found: Shaped<typeof outcome>): void {
    if (found.error !== 0 && at < this.#failedAt) {
      this.#failedAt = at;
      this.failed = found;
    }
  }
}

/** Cuts an image into pieces, in its order; a large file's blocks come before its hash. */
function piecesOf(image: ImageReader, pieceBytes: number): Piece[] {
  const pieces: Piece[] = [];
  const blocksOfPiece = Math.max(1, Math.floor(pieceBytes / BLOCK_BYTES));
  let first = 0;
  let bytes = 0;
  const endRun = (behind: number): void => {
    if (behind > first) {
      pieces.push({ kind: "files", first, count: behind - first });
    }
    first = behind;
    bytes = 0;
  };
  for (const [entry, { byteOffset, byteLength }] of image.extents()) {
    if (byteLength <= pieceBytes) {
      bytes += byteLength;
      if (bytes >= pieceBytes) {
        endRun(entry + 1);
      }
      continue;
    }
    endRun(entry);
    const end = Math.ceil((byteOffset + byteLength) / BLOCK_BYTES);
    for (let block = Math.floor(byteOffset / BLOCK_BYTES); block < end; block += blocksOfPiece) {
      pieces.push({ kind: "blocks", first: block, count: Math.min(blocksOfPiece, end - block) });
    }
    pieces.push({ kind: "hash", first: entry, count: 1 });
    first = entry + 1;
  }
  endRun(image.entryCount);
  return pieces;
}

/** Has a thread open the image, and gives it pieces until there are none. */
function checkOn(worker: Worker, image: ImageReader, work: Work): Promise<void> {
  const { promise, resolve, reject } = promiseParts();
  let at = -1;
  const giveNext = (): void => {
    const next = work.next();
    if (next) {
      at = next.at;
      worker.postMessage({ piece: next.piece });
    } else {
      worker.postMessage({});
      resolve();
    }
  };
  const onMessage = (answer: string): void => {
    work.done(at, readJson(answer, "a thread's answer", outcome));
    giveNext();
  };
  const onExit = (code: number): void =>
    reject(new Problem(`a thread that checks ${image.file} ended (status ${code})`));
  worker.on("message", onMessage).on("error", reject).on("exit", onExit);
  const { module, file, blockCount } = image;
  worker.postMessage({ image: { module, file, blockCount, blockBytes: BLOCK_BYTES } });
  giveNext();
  return promise.finally(() => worker.off("message", onMessage).off("error", reject).off("exit", onExit));
}

function promiseParts(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve = (): void => {};
  let reject = (_error: unknown): void => {};
  const promise = new Promise<void>((onDone, onFailed) => {
    resolve = onDone;
    reject = onFailed;
  });
  return { promise, resolve, reject };
}
