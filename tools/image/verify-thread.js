// A thread of `./nx image verify`: opens the image by itself, then checks the pieces that it is sent (verify.ts).

import { closeSync, openSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

const { module, file, blockBytes, blockCount } = workerData;
const descriptor = openSync(file, "r");

// What functions say about themselves to the guest's toolchain.
const nothing = () => {};

const { exports } = new WebAssembly.Instance(module, {
  env: {
    abort: () => {
      throw new Error("the image reader came upon a bug of its own");
    },
  },
  intrinsics: { outOfLine: nothing, unrolled: nothing, usesZbb: nothing },
  host: {
    readBlock: (block, target) => {
      const bytes = new Uint8Array(exports.memory.buffer, target >>> 0, blockBytes);
      return readSync(descriptor, bytes, 0, blockBytes, (block >>> 0) * blockBytes) === blockBytes ? 1 : 0;
    },
  },
});

// The file may have changed since the main thread looked at it, so this checks superblock and index again.
const opened = exports.open(blockCount);

const checks = {
  files: exports.verifyFiles,
  blocks: exports.verifyBlocks,
  hash: exports.verifyHash,
};

parentPort.on("message", (piece) => {
  if (!piece) {
    closeSync(descriptor);
    parentPort.close();
    return;
  }
  const { kind, first, count } = piece;
  const error = opened || checks[kind](first, count);
  const [block, entry] = [exports.errorBlock() >>> 0, exports.errorEntry()];
  parentPort.postMessage(JSON.stringify({ error, block, entry }));
});
