// What a package image is built from, its options, and where its bytes go.

import type { ImageKey } from "./keys.ts";

/** A file for the image. Its bytes come in pieces, on request. */
export interface ImageSource {
  /** Path in the image, such as `fixtures/hello.txt`. */
  readonly path: string;
  readonly byteLength: number;
  /** All `byteLength` bytes in order, in pieces of any size. Each piece is valid until the next one is asked for. */
  read(): Iterable<Uint8Array>;
}

/** A file for the image that is in memory. */
export interface ImageFile {
  readonly path: string;
  readonly content: Uint8Array;
}

/** The options of an image. */
export interface ImageOptions {
  /** A name of up to 32 bytes of UTF-8, to distinguish images. */
  readonly label?: string;
  /** Of two images with the same label, the one with the higher number is newer. 0 if the image is not signed. */
  readonly sequence?: bigint;
  /** The key whose private half signs the image. Without a key the image is not signed. */
  readonly key?: ImageKey;
  /** Compress a file with LZ4 if it takes fewer blocks then. */
  readonly compress?: boolean;
  /** Called now and then, and at the end, with the number of bytes of files that are written. */
  onProgress?(writtenBytes: number, totalBytes: number): void;
}

/** Where an image is written. `write` is done with the bytes when it returns. Bytes that are never written must be zero. */
export interface ImageTarget {
  write(offset: number, bytes: Uint8Array): void;
}

/** The image that was built. */
export interface BuiltImage {
  readonly blockCount: number;
  readonly entryCount: number;
  /** The result of `imageDigest`. */
  readonly digest: string;
}
