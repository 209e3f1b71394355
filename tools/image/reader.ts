// Reads a package image on the host with the guest's own library, so it refuses the same images as packagefsd.
//
// Opening checks superblock and index. Every byte that is read later is checked against the hash tree.

import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import {
  BLOCK_BYTES,
  CLUSTER_BYTES,
  HASH_BYTES,
  PATH_BYTES_MAX,
  SUPERBLOCK_BYTES,
} from "../../build/gen/host/source/libs/pkgimg/format.ts";
import { Problem } from "../../host/problem.ts";
import { pathProblem } from "../../host/system-error.ts";
import { readerModule } from "./wasm.ts";

/** What functions of the reader say about themselves to the guest's toolchain (source/libs/blake2b/intrinsics.ts). */
const nothing = (): void => {};
const noIntrinsics = { outOfLine: nothing, unrolled: nothing, usesZbb: nothing };

/** NO_ENTRY, as an i32. */
const NO_ENTRY = -1;

/** A file in an image. */
export interface ImageEntry {
  readonly path: string;
  readonly byteLength: number;
  /** Hash of its content, 64 hex digits: the first half of what `b2sum` prints. */
  readonly hash: string;
}

/** A child of a directory. */
export interface ImageChild {
  readonly name: string;
  /** The child's entry, if it is a file. */
  readonly file?: ImageEntry;
}

/** An open image. */
export class ImageReader {
  readonly file: string;
  /** The compiled reader, for other threads. */
  readonly module: WebAssembly.Module;
  readonly #call: (name: string, ...args: number[]) => number;
  readonly #memory: WebAssembly.Memory;
  readonly #close: () => void;

  private constructor(
    file: string,
    module: WebAssembly.Module,
    call: (name: string, ...args: number[]) => number,
    memory: WebAssembly.Memory,
    close: () => void,
  ) {
    this.file = file;
    this.module = module;
    this.#call = call;
    this.#memory = memory;
    this.#close = close;
  }

  /**
   * Opens an image file.
   *
   * @throws Problem if it cannot be read, or is refused
   */
  static async open(file: string): Promise<ImageReader> {
    const module = await readerModule();
    let descriptor: number;
    try {
      descriptor = openSync(file, "r");
    } catch (error) {
      throw pathProblem(`cannot open ${file}`, resolve(file), error);
    }
    try {
      if (!fstatSync(descriptor).isFile()) {
        throw new Problem(`cannot open ${file}: it is no plain file`);
      }
      return ImageReader.#start(module, file, descriptor);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  static #start(module: WebAssembly.Module, file: string, descriptor: number): ImageReader {
    const { size } = fstatSync(descriptor);
    const holder: { memory?: WebAssembly.Memory } = {};
    const readBlock = (block: number, target: number): number => {
      if (!holder.memory) {
        return 0;
      }
      const bytes = new Uint8Array(holder.memory.buffer, target >>> 0, BLOCK_BYTES);
      return readSync(descriptor, bytes, 0, BLOCK_BYTES, (block >>> 0) * BLOCK_BYTES) === BLOCK_BYTES ? 1 : 0;
    };
    const abort = (): never => {
      throw new Error("an assertion of the image reader failed");
    };
    const { exports } = new WebAssembly.Instance(module, {
      env: { abort },
      host: { readBlock },
      intrinsics: noIntrinsics,
    });
    const { memory } = exports;
    if (!(memory instanceof WebAssembly.Memory)) {
      throw new Error("the image reader has no memory");
    }
    holder.memory = memory;

    const call = (name: string, ...args: number[]): number => {
      const target = exports[name];
      if (typeof target !== "function") {
        throw new Error(`the image reader has no function ${name}`);
      }
      return Number(target(...args) ?? 0);
    };
    const reader = new ImageReader(file, module, call, memory, () => closeSync(descriptor));
    if (size === 0) {
      throw new Problem(`${file} is empty`);
    }
    reader.#accept(call("open", Math.ceil(size / BLOCK_BYTES)));
    if (size !== reader.blockCount * BLOCK_BYTES) {
      throw new Problem(
        `${file} has ${size} bytes, and the image in it ${reader.blockCount * BLOCK_BYTES}: something is behind it`,
      );
    }
    return reader;
  }

  get blockCount(): number {
    return this.#call("blockCount") >>> 0;
  }

  get entryCount(): number {
    return this.#call("entryCount") >>> 0;
  }

  get label(): string {
    return this.#text(this.#call("label"), this.#call("labelLength"));
  }

  /** The superblock, with its signature. The rest of block 0 is zero. */
  get superblock(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#call("superblock") >>> 0, SUPERBLOCK_BYTES).slice();
  }

  /** Hash of the superblock's signed part, 64 hex digits. A build or a signature vouches for it. */
  get digest(): string {
    return this.#hex(this.#call("digest"));
  }

  /** All files, in the image's order. */
  *entries(): Generator<ImageEntry> {
    for (let index = 0; index < this.entryCount; index += 1) {
      this.#accept(this.#call("pick", index));
      yield this.#picked();
    }
  }

  /** Where each file is stored, with the file's number. */
  *extents(): Generator<[entry: number, extent: { byteOffset: number; byteLength: number }]> {
    for (let index = 0; index < this.entryCount; index += 1) {
      this.#accept(this.#call("pick", index));
      const byteOffset = this.#call("byteOffset") >>> 0;
      yield [index, { byteOffset, byteLength: this.#call("storedBytes") >>> 0 }];
    }
  }

  /** The children of a directory (`""`: of the image), in order; undefined if there is no such directory. */
  list(directory: string): ImageChild[] | undefined {
    const length = this.#ask(directory);
    const children: ImageChild[] = [];
    let index = this.#call("first", length);
    for (; index !== NO_ENTRY; index = this.#call("next", length)) {
      const name = this.#text(this.#call("childName", length), this.#call("childLength", length));
      children.push(this.#call("isDirectory", length) === 0 ? { name, file: this.#picked() } : { name });
    }
    this.#accept(this.#call("error"));
    return children.length === 0 ? undefined : children;
  }

  /** The file at that path, if there is one. */
  find(path: string): ImageEntry | undefined {
    if (this.#call("lookUp", this.#ask(path)) !== NO_ENTRY) {
      return this.#picked();
    }
    this.#accept(this.#call("error"));
    return undefined;
  }

  /** The bytes of a file, a block or a cluster at a time, each verified. */
  *read(path: string): Generator<Uint8Array> {
    const entry = this.find(path);
    if (!entry) {
      throw new Problem(`${this.file} has no file ${JSON.stringify(path)}`);
    }
    if (this.#call("isCompressed") !== 0) {
      yield* this.#readClusters(entry.byteLength);
      return;
    }
    const start = this.#call("byteOffset") >>> 0;
    const end = start + entry.byteLength;
    for (let at = start; at < end; ) {
      const address = this.#call("verifiedBlock", Math.floor(at / BLOCK_BYTES)) >>> 0;
      if (address === 0) {
        this.#accept(this.#call("error"));
      }
      const inBlock = at % BLOCK_BYTES;
      const byteCount = Math.min(BLOCK_BYTES - inBlock, end - at);
      yield new Uint8Array(this.#memory.buffer, address + inBlock, byteCount).slice();
      at += byteCount;
    }
  }

  *#readClusters(byteLength: number): Generator<Uint8Array> {
    for (let at = 0; at < byteLength; at += CLUSTER_BYTES) {
      const address = this.#call("decompressedCluster", at / CLUSTER_BYTES) >>> 0;
      if (address === 0) {
        this.#accept(this.#call("error"));
      }
      const byteCount = Math.min(CLUSTER_BYTES, byteLength - at);
      yield new Uint8Array(this.#memory.buffer, address, byteCount).slice();
    }
  }

  /**
   * Reads everything: each file against the hash in its entry, each block on the way against the hash tree.
   *
   * @throws Problem about the first that does not match
   */
  verify(): void {
    this.#accept(this.#call("verifyFiles", 0, this.entryCount));
  }

  close(): void {
    this.#close();
  }

  #picked(): ImageEntry {
    return {
      path: this.#text(this.#call("path"), this.#call("pathLength")),
      byteLength: this.#call("byteLength") >>> 0,
      hash: this.#hex(this.#call("contentHash")),
    };
  }

  /** Puts a path where the module looks for it, and gives its length. A path that is too long is in no image. */
  #ask(path: string): number {
    const bytes = Buffer.from(path, "utf8");
    const buffer = this.#call("pathBuffer") >>> 0;
    new Uint8Array(this.#memory.buffer).set(bytes.subarray(0, PATH_BYTES_MAX), buffer);
    return bytes.length;
  }

  #accept(error: number): void {
    if (error === 0) {
      return;
    }
    this.refuse(error, this.#call("errorBlock") >>> 0, this.#call("errorEntry"));
  }

  /** Says what is wrong with the image, and where. @throws Problem always */
  refuse(error: number, block: number, entry: number): never {
    const place = entry === NO_ENTRY ? `block ${block}` : `block ${block}, entry ${entry}`;
    throw new Problem(`${this.file} is refused: ${this.#words(error)} (${place})`);
  }

  /** A guest string: UTF-16, its length in bytes in the word before it. */
  #words(error: number): string {
    const address = this.#call("errorText", error) >>> 0;
    const byteCount = new DataView(this.#memory.buffer).getUint32(address - 4, true);
    return Buffer.from(this.#memory.buffer, address, byteCount).toString("utf16le");
  }

  #text(address: number, byteCount: number): string {
    return Buffer.from(this.#memory.buffer, address >>> 0, byteCount).toString("utf8");
  }

  #hex(address: number): string {
    return Buffer.from(this.#memory.buffer, address >>> 0, HASH_BYTES).toString("hex");
  }
}
