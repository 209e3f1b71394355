// Compressed files of an image. A file is cut into clusters, each of which is compressed separately. A table before them says
// where each cluster ends (source/libs/pkgimg/clusters.ts reads them).
//
// The place of a file depends on the sizes of all files before it. So each file is compressed twice: first to find its size,
// then to write it. Only the table is kept in between.

import {
  BLOCK_BYTES,
  CLUSTER_BYTES,
  CLUSTER_ENTRY_BYTES,
} from "../../build/gen/host/source/libs/pkgimg/format.ts";
import { Problem } from "../problem.ts";
import type { ImageSource } from "./image.ts";
import { compressBlock } from "./lz4.ts";
import { blocksFor } from "./places.ts";

/** Where each cluster ends, counted from the file's start in the image. */
export type ClusterTable = Uint32Array;

/** The table of a file. Undefined if the file does not take fewer blocks when it is compressed. */
export function tableOf(source: ImageSource): ClusterTable | undefined {
  if (source.byteLength <= BLOCK_BYTES) {
    return undefined;
  }
  const table = new Uint32Array(Math.ceil(source.byteLength / CLUSTER_BYTES));
  let end = table.length * CLUSTER_ENTRY_BYTES;
  let number = 0;
  for (const cluster of clustersOf(source)) {
    end += storedCluster(cluster).length;
    table[number] = end;
    number += 1;
  }
  const isSmaller = blocksFor(end) < blocksFor(source.byteLength);
  return isSmaller && number === table.length ? table : undefined;
}

/** Bytes that a file with this table takes. */
export function storedBytes(table: ClusterTable): number {
  return table.at(-1) ?? 0;
}

/** The table's bytes in the image. */
export function tableBytes(table: ClusterTable): Buffer {
  const bytes = Buffer.alloc(table.length * CLUSTER_ENTRY_BYTES);
  table.forEach((end, number) => {
    bytes.writeUInt32LE(end, number * CLUSTER_ENTRY_BYTES);
  });
  return bytes;
}

/** A cluster's bytes in the image: uncompressed, if compression does not make it shorter. */
export function storedCluster(cluster: Uint8Array): Uint8Array {
  return compressBlock(cluster) ?? cluster;
}

/**
 * A file's bytes in clusters. Each is valid until the next one is asked for.
 *
 * @throws Problem if the file has more bytes than it should have
 */
export function* clustersOf(source: ImageSource): Generator<Uint8Array> {
  const cluster = Buffer.alloc(CLUSTER_BYTES);
  let filled = 0;
  let left = source.byteLength;
  for (const piece of source.read()) {
    for (let at = 0; at < piece.length && left > 0; ) {
      const count = Math.min(piece.length - at, CLUSTER_BYTES - filled, left);
      cluster.set(piece.subarray(at, at + count), filled);
      filled += count;
      at += count;
      left -= count;
      if (filled === CLUSTER_BYTES || left === 0) {
        yield cluster.subarray(0, filled);
        filled = 0;
      }
      if (left === 0 && at < piece.length) {
        throw new Problem(`${JSON.stringify(source.path)} changed its size while it was read`);
      }
    }
  }
}
