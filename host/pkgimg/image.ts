// What a package image is made of, what it is called, and where its bytes go.

import type { ImageKey } from "./keys.ts";

/** A file for the image, whose bytes come in pieces when they are asked for. */
export interface ImageSource {
  /** Path in the image, such as `fixtures/hello.txt`. */
  readonly path: string;
  readonly byteLength: number;
  /** All `byteLength` bytes in order, in pieces of any size, each good until the next one is asked for. */
  read(): Iterable<Uint8Array>;
}

/** A file for the image that is in memory. */
export interface ImageFile {
  readonly path: string;
  readonly content: Uint8Array;
}

/** What an image is called. */
export interface ImageOptions {
  /** A name of up to 32 bytes of UTF-8, by which images are told apart. */
  readonly label?: string;
  /** Which of two images of one label is the newer; 0 unless it is signed. */
  readonly sequence?: bigint;
  /** Whose private half signs it; unsigned without one. */
  readonly key?: ImageKey;
  /** Files that take fewer blocks then are compressed, by LZ4. */
  readonly compress?: boolean;
  /** Told how many bytes of files are written, now and then, and at the end. */
  onProgress?(writtenBytes: number, totalBytes: number): void;
}

/** Takes bytes at an offset, and is done with them when it returns. What is never written has to be zero. */
export interface ImageTarget {
  write(offset: number, bytes: Uint8Array): void;
}

/** What was built. */
export interface BuiltImage {
  readonly blockCount: number;
  readonly entryCount: number;
  /** What `imageDigest` gives. */
  readonly digest: string;
}
