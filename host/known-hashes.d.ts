// The types of known-hashes.js, which is plain JavaScript.

/** The hashes of the files below a root. */
export class KnownHashes {
  /** @param file where they are kept, relative to the root; a file that cannot be read counts as empty */
  constructor(root: string, file: string);
  /** The SHA-256 (hex) of a file's content, or null if there is no file. Each file is looked at once. */
  hash(path: string): string | null;
  /** The file was written: it is looked at again. */
  forget(path: string): void;
  /** Keeps what was read for the next build. */
  save(): void;
}

/** SHA-256, as 64 hex digits. */
export function hashBytes(bytes: Uint8Array | string): string;
