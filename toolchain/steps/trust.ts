// Whom packagefsd believes, compiled into it: gen/trust.ts (docs/security/signing-and-policy.md).
//
// Two kinds of build. With a key, the disk's image has to be signed by it; a private key signs the image of this build as
// well. A trusted build has the digest of the one image that was made with it. Neither knows a way to be asked less.

import { relative, resolve } from "node:path";
import { DEVELOPMENT_PUBLIC_KEY, type ImageKey, keyIdText, readKeyFile } from "../../host/pkgimg/keys.ts";
import { imageDigest } from "../../host/pkgimg/sign.ts";
import { type Build, readBytes, type Trust, write } from "./build.ts";

/** What `--trust` may say, as it is used below. A path is relative to where the command runs. */
export function trustFrom(root: string, word: string): Trust | undefined {
  if (word === "development") {
    return undefined;
  }
  if (word === "build") {
    return "build";
  }
  const file = resolve(word);
  // Read now, so that a file that is no key is told before anything is built.
  readKeyFile(file);
  return { key: relative(root, file) };
}

/** The file of the key that signs this build's image; undefined if it stays unsigned. */
export function signingKey(build: Build): string | undefined {
  if (build.trust === "build") {
    return undefined;
  }
  const { key } = build.trust;
  return readKeyFile(resolve(build.root, key)).privateKey ? key : undefined;
}

/** `gen/trust.ts`. In a trusted build, the disk's image has to be there already. */
export async function makeTrust(build: Build): Promise<void> {
  const output = build.path("gen/trust.ts");
  if (build.profile === "production" && trustsDevelopmentKey(build)) {
    build.progress.note(
      "this production build trusts the development key, by which anybody can sign: see --trust",
    );
  }
  const image = build.path("pkgfs.img");
  const reads = build.trust === "build" ? [image] : [build.trust.key, DEVELOPMENT_PUBLIC_KEY];
  await build.step("trust", {
    name: "trust",
    key: [
      build.trust,
      build.stamps.hash("toolchain/steps/trust.ts"),
      build.stamps.hashFolders("host/pkgimg"),
    ],
    reads,
    writes: [output],
    run: async () => {
      const text =
        build.trust === "build"
          ? trustInBuild(image, Buffer.from(imageDigest(await readBytes(build, image)), "hex"))
          : trustInKey(
              build.trust.key,
              readKeyFile(resolve(build.root, build.trust.key)),
              readKeyFile(resolve(build.root, DEVELOPMENT_PUBLIC_KEY)),
            );
      await write(build, output, text);
      return undefined;
    },
  });
}

function trustsDevelopmentKey(build: Build): boolean {
  if (build.trust === "build") {
    return false;
  }
  const [trusted, development] = [build.trust.key, DEVELOPMENT_PUBLIC_KEY].map((file) =>
    keyIdText(readKeyFile(resolve(build.root, file)).id),
  );
  return trusted === development;
}

function trustInKey(file: string, key: ImageKey, development: ImageKey): string {
  const isDevelopment = keyIdText(key.id) === keyIdText(development.id);
  return trustText(`the key ${file}`, {
    trustedBuild: false,
    developmentKey: isDevelopment,
    key: key.publicBytes,
    keyId: key.id,
    digest: new Uint8Array(32),
  });
}

function trustInBuild(image: string, digest: Uint8Array): string {
  const none = new Uint8Array(32);
  return trustText(image, { trustedBuild: true, developmentKey: false, key: none, keyId: none, digest });
}

interface TrustFacts {
  readonly trustedBuild: boolean;
  readonly developmentKey: boolean;
  readonly key: Uint8Array;
  readonly keyId: Uint8Array;
  readonly digest: Uint8Array;
}

function trustText(from: string, facts: TrustFacts): string {
  const bytes = (value: Uint8Array): string => [...value].join(", ");
  return `// Made by toolchain/steps/trust.ts from ${from}.

/** Whether the disk has to hold the image with the digest below; else one that the key below has signed. */
export const TRUSTED_BUILD: bool = ${facts.trustedBuild};
/** Whether that key is the development key, whose private half is public. */
export const DEVELOPMENT_KEY: bool = ${facts.developmentKey};
/** The public key, 32 bytes. Not used in a trusted build. */
export const TRUSTED_KEY: usize = memory.data<u8>([${bytes(facts.key)}]);
/** Its id: the SHA-256 of the key. */
export const TRUSTED_KEY_ID: usize = memory.data<u8>([${bytes(facts.keyId)}]);
/** The image's digest, 32 bytes. Used in a trusted build only. */
export const TRUSTED_DIGEST: usize = memory.data<u8>([${bytes(facts.digest)}]);
`;
}
