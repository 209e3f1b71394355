// Which disk images packagefsd mounts. The build decides it and compiles it into packagefsd, as gen/trust.ts
// (docs/security/signing-and-policy.md).
//
// There are two kinds of build. With a key, packagefsd mounts only images that this key has signed, and of these none that is
// older than the build says. If the build has the private half, it signs its own image. A trusted build mounts only the image that was made with it, which it knows by its
// digest. No option of either turns the check off.

import { relative, resolve } from "node:path";
import {
  DEVELOPMENT_KEY,
  DEVELOPMENT_PUBLIC_KEY,
  type ImageKey,
  keyIdText,
  readKeyFile,
} from "../../host/pkgimg/keys.ts";
import { imageDigest } from "../../host/pkgimg/sign.ts";
import { Problem } from "../../host/problem.ts";
import { type Build, readBytes, type Trust, write } from "./build.ts";

/** A key file, and behind the last "@" the lowest sequence of an image. */
const KEY_WITH_OLDEST = /^(.+)@(\d+)$/s;
const SEQUENCE_MAX = 2n ** 64n - 1n;

/**
 * What the value of `--trust` means: `development`, `build`, or a key file, relative to where the command runs.
 * `@7` behind the file, or behind `development`, refuses images whose sequence is below 7.
 *
 * @throws Problem if the file is no key, or the number is above SEQUENCE_MAX
 */
export function trustFrom(root: string, word: string): Trust {
  if (word === "build") {
    return "build";
  }
  const [, name = word, digits] = KEY_WITH_OLDEST.exec(word) ?? [];
  const key = name === "development" ? DEVELOPMENT_KEY : relative(root, resolve(name));
  // If this is no key, it throws here, before anything is built.
  readKeyFile(resolve(root, key));
  if (digits === undefined) {
    return { key };
  }
  const oldest = BigInt(digits);
  if (oldest > SEQUENCE_MAX) {
    throw new Problem(`${digits} is no sequence of an image`, {
      hints: [`the highest is ${SEQUENCE_MAX}`],
      exitCode: 2,
    });
  }
  return { key, oldest };
}

/** How this build signs its image. */
export interface Signing {
  /** The key file, relative to the root. */
  readonly key: string;
  readonly sequence: bigint;
}

/** Undefined if this build's image stays unsigned. Otherwise it is the oldest that the build itself mounts. */
export function signingOf({ root, trust }: Build): Signing | undefined {
  if (trust === "build") {
    return undefined;
  }
  const { key, oldest = 0n } = trust;
  return readKeyFile(resolve(root, key)).privateKey ? { key, sequence: oldest } : undefined;
}

/** `gen/trust.ts`. In a trusted build this comes after the step that makes the disk's image, whose digest it needs. */
export async function makeTrust(build: Build): Promise<void> {
  const { trust } = build;
  const output = build.path("gen/trust.ts");
  const image = build.path("pkgfs.img");
  if (trust !== "build" && build.profile === "production" && isDevelopmentKey(build, trust.key)) {
    build.progress.note(
      "this production build trusts the development key, by which anyone can sign: see --trust",
    );
  }
  await build.step("trust", {
    name: "trust",
    key: [
      trust === "build" ? image : [trust.key, String(trust.oldest ?? 0n)],
      build.stamps.hash("toolchain/steps/trust.ts"),
      build.stamps.hash("source/libs/pkgimg/format.ts"),
      build.stamps.hashFolders("host/pkgimg"),
    ],
    reads: trust === "build" ? [image] : [trust.key, DEVELOPMENT_PUBLIC_KEY],
    writes: [output],
    run: async () => {
      const text =
        trust === "build"
          ? trustedBuildModule(image, Buffer.from(imageDigest(await readBytes(build, image)), "hex"))
          : keyModule(build, trust.key, trust.oldest ?? 0n);
      await write(build, output, text);
      return undefined;
    },
  });
}

/** @param file relative to the root */
function readKey(build: Build, file: string): ImageKey {
  return readKeyFile(resolve(build.root, file));
}

function isDevelopmentKey(build: Build, file: string): boolean {
  const development = readKey(build, DEVELOPMENT_PUBLIC_KEY);
  return keyIdText(readKey(build, file).id) === keyIdText(development.id);
}

const NO_BYTES = new Uint8Array(32);

/** `gen/trust.ts` of a build with the key in a file. */
function keyModule(build: Build, file: string, oldest: bigint): string {
  const { publicBytes, id } = readKey(build, file);
  return trustModule(`the key ${file}`, {
    trustedBuild: false,
    developmentKey: isDevelopmentKey(build, file),
    key: publicBytes,
    keyId: id,
    oldest,
    digest: NO_BYTES,
  });
}

/** `gen/trust.ts` of a trusted build. */
function trustedBuildModule(image: string, digest: Uint8Array): string {
  return trustModule(image, {
    trustedBuild: true,
    developmentKey: false,
    key: NO_BYTES,
    keyId: NO_BYTES,
    oldest: 0n,
    digest,
  });
}

interface TrustFacts {
  readonly trustedBuild: boolean;
  readonly developmentKey: boolean;
  readonly key: Uint8Array;
  readonly keyId: Uint8Array;
  readonly oldest: bigint;
  readonly digest: Uint8Array;
}

function trustModule(from: string, facts: TrustFacts): string {
  const bytes = (value: Uint8Array): string => [...value].join(", ");
  return `// Made by toolchain/steps/trust.ts from ${from}.

/** True: packagefsd mounts only the image with the digest below. False: only images that the key below has signed. */
export const TRUSTED_BUILD: bool = ${facts.trustedBuild};
/** Whether that key is the development key, whose private half is public. */
export const DEVELOPMENT_KEY: bool = ${facts.developmentKey};
/** The public key, 32 bytes. Not used in a trusted build. */
export const TRUSTED_KEY: usize = memory.data<u8>([${bytes(facts.key)}]);
/** Its id: the SHA-256 of the key. */
export const TRUSTED_KEY_ID: usize = memory.data<u8>([${bytes(facts.keyId)}]);
/** The lowest sequence of an image that is mounted. Not used in a trusted build. */
export const OLDEST_SEQUENCE: u64 = ${facts.oldest};
/** The image's digest, 32 bytes. Used in a trusted build only. */
export const TRUSTED_DIGEST: usize = memory.data<u8>([${bytes(facts.digest)}]);
`;
}
