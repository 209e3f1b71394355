// A thread of `./nx image verify`: opens each image that it is told of by itself, then checks the pieces that it is sent
// (verify.ts).

import { closeSync, openSync, readSync } from "node:fs";
import { parentPort } from "node:worker_threads";

// What functions say about themselves to the guest's toolchain.
const nothing = () => {};

/** The image that is open: its reader, what came of opening it, and its file. */
let open;

function openImage({ module, file, blockBytes, blockCount }) {
  const descriptor = openSync(file, "r");
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
  const checks = {
    files: exports.verifyFiles,
    blocks: exports.verifyBlocks,
    hash: exports.verifyHash,
  };
  // The file may have changed since the main thread looked at it, so this checks superblock and index again.
  return { descriptor, exports, checks, error: exports.open(blockCount) };
}

parentPort.on("message", ({ image, piece }) => {
  if (image) {
    open = openImage(image);
    return;
  }
  if (!piece) {
    closeSync(open.descriptor);
    return;
  }
  const { kind, first, count } = piece;
  const { checks, exports } = open;
  const error = open.error || checks[kind](first, count);
  const [block, entry] = [exports.errorBlock() >>> 0, exports.errorEntry()];
  parentPort.postMessage(JSON.stringify({ error, block, entry }));
});
