// Ed25519 verification against the vectors of RFC 8032 (section 7.1), against node:crypto for any key and message, and
// against every way known to us of making verifiers disagree: the policy stands in source/libs/ed25519/verify.ts.

import { createHash, createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import { type Guest, guest } from "../../harness/guest.ts";
import {
  add,
  base,
  challengeOf,
  decodeLittle,
  encodeLittle,
  encodePoint,
  forge,
  multiply,
  neutral,
  ORDER_OF_BASE,
  PRIME,
  smallOrderPoints,
} from "./curve.ts";
import { face } from "./face.ts";

let g: Guest;
beforeAll(async () => {
  g = await guest({ text: face });
});

function put(...parts: readonly Uint8Array[]): void {
  g.bytes().set(Buffer.concat(parts), g.call("place"));
}

function guestSays(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  put(signature, key, message);
  return g.call("check", message.length) !== 0;
}

/** The prefix of a public key in DER (RFC 8410): node:crypto takes no raw ones. */
const publicPrefix = Buffer.from("302a300506032b6570032100", "hex");
const privatePrefix = Buffer.from("302e020100300506032b657004220420", "hex");

function nodeSays(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const der = Buffer.concat([publicPrefix, key]);
  try {
    return verify(null, message, createPublicKey({ key: der, format: "der", type: "spki" }), signature);
  } catch {
    return false;
  }
}

function keyFrom(seed: Uint8Array) {
  const secret = createPrivateKey({
    key: Buffer.concat([privatePrefix, seed]),
    format: "der",
    type: "pkcs8",
  });
  const key = createPublicKey(secret).export({ format: "der", type: "spki" }).subarray(-32);
  return { secret, key };
}

const hex = (words: string): Uint8Array => new Uint8Array(Buffer.from(words.replaceAll(/\s/g, ""), "hex"));

describe("RFC 8032, section 7.1", () => {
  // The seeds; public key and signature are those of the RFC, and node:crypto is held against them as well.
  test.each([
    [
      "TEST 1",
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
      "TEST 2",
      "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
      "TEST 3",
      "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
    [
      "TEST SHA(abc)",
      "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
      "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
      createHash("sha512").update("abc").digest("hex"),
      "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ],
  ])("%s", (_name, seed, key, message, signature) => {
    expect(keyFrom(hex(seed)).key.toString("hex")).toBe(key);
    expect(sign(null, hex(message), keyFrom(hex(seed)).secret).toString("hex")).toBe(signature);
    expect(guestSays(hex(key), hex(message), hex(signature))).toBe(true);
    const other = Buffer.concat([hex(message), hex("00")]);
    expect(guestSays(hex(key), other, hex(signature))).toBe(false);
  });
});

const someKey = keyFrom(createHash("sha256").update("a key of the tests").digest());
const someMessage = Buffer.from("what is signed");
const honest = sign(null, someMessage, someKey.secret);

describe("any key and any message", () => {
  test("a signature of node:crypto is accepted, and refused when any bit of it, the key or the message changes", () => {
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const change = fc.record({ place: fc.nat(), bit: fc.nat({ max: 7 }) });
    fc.assert(
      fc.property(
        seeds,
        fc.uint8Array({ minLength: 1, maxLength: 700 }),
        change,
        (seed, message, { place, bit }) => {
          const { secret, key } = keyFrom(seed);
          const signature = sign(null, message, secret);
          expect(guestSays(key, message, signature)).toBe(true);
          expect(nodeSays(key, message, signature)).toBe(true);
          const all = Buffer.concat([signature, key, message]);
          const at = place % all.length;
          all[at] = defined(all[at]) ^ (1 << bit);
          const parts = [all.subarray(64, 96), all.subarray(96), all.subarray(0, 64)] as const;
          expect(guestSays(...parts)).toBe(false);
          expect(nodeSays(...parts)).toBe(false);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("a change of any bit of a signature or its key is noticed", () => {
    for (let bit = 0; bit < 96 * 8; bit += 1) {
      const all = Buffer.concat([honest, someKey.key]);
      all[bit >> 3] = defined(all[bit >> 3]) ^ (1 << (bit & 7));
      expect([bit, guestSays(all.subarray(64), someMessage, all.subarray(0, 64))]).toEqual([bit, false]);
    }
  });

  test("random bytes are refused, as node:crypto refuses them", () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(
      fc.property(bytes(32), bytes(64), (key, signature) => {
        expect(guestSays(key, someMessage, signature)).toBe(false);
        expect(nodeSays(key, someMessage, signature)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

describe("the policy", () => {
  const small = smallOrderPoints();

  test("S has to be below L: a signature has no second form", () => {
    const s = decodeLittle(honest.subarray(32));
    for (let times = 1n; s + times * ORDER_OF_BASE < 2n ** 256n; times += 1n) {
      const second = Buffer.concat([honest.subarray(0, 32), encodeLittle(s + times * ORDER_OF_BASE)]);
      expect(guestSays(someKey.key, someMessage, second)).toBe(false);
      expect(nodeSays(someKey.key, someMessage, second)).toBe(false);
    }
  });

  test("a key of small order is refused, although the equation holds for any message", () => {
    expect(new Set(small.map(({ y }) => y)).size).toBe(5);
    let heldElsewhere = 0;
    for (const point of small) {
      const key = encodePoint(point);
      // Of eight messages, one on average has a k that makes k·A vanish.
      for (let number = 0; number < 24; number += 1) {
        const message = Buffer.from(`message ${number}`);
        const signature = forge(0n, 7n, key, message);
        expect(guestSays(key, message, signature)).toBe(false);
        if (nodeSays(key, message, signature)) {
          heldElsewhere += 1;
        }
      }
    }
    expect(heldElsewhere).toBeGreaterThan(24);
  });

  test("a point has one encoding: y of p or more is refused, and so is x = 0 that says it is odd", () => {
    // 2^255 - 1 is the most that 255 bits hold, so only y below 19 has a second form.
    const secondForms = Array.from({ length: 19 }, (_, y) => PRIME + BigInt(y)).flatMap((y) => [
      y,
      y | (1n << 255n),
    ]);
    const oddZeros = [1n | (1n << 255n), (PRIME - 1n) | (1n << 255n)];
    for (const y of [...secondForms, ...oddZeros]) {
      const key = encodeLittle(y);
      expect(guestSays(key, someMessage, forge(0n, 7n, key, someMessage))).toBe(false);
    }
  });

  test("a key in a second encoding is refused, although what an earlier key left behind would make the equation hold", () => {
    // y = p stands for 0. With the x of the key before, (x, 0) times an odd number is (x', 0): R is known beforehand.
    const key = encodeLittle(PRIME);
    for (let number = 0; number < 24; number += 1) {
      const message = Buffer.from(`message ${number}`);
      expect(guestSays(someKey.key, someMessage, honest)).toBe(true);
      expect(guestSays(key, message, forge(0n, 0n, key, message, encodeLittle(0n)))).toBe(false);
    }
  });

  test("R is compared, not decoded: the point's own encoding is accepted, and a second one is refused", () => {
    const secret = 123456789n;
    const key = encodePoint(multiply(base, secret));
    const r = encodePoint(neutral);
    expect(guestSays(key, someMessage, forge(secret, 0n, key, someMessage, r))).toBe(true);
    const secondForm = encodeLittle(PRIME + 1n);
    expect(guestSays(key, someMessage, forge(secret, 0n, key, someMessage, secondForm))).toBe(false);
    const oddZero = encodeLittle(1n | (1n << 255n));
    expect(guestSays(key, someMessage, forge(secret, 0n, key, someMessage, oddZero))).toBe(false);
  });

  test("the equation has no cofactor: a key with a part of small order is judged as node:crypto judges it", () => {
    const secret = 987654321n;
    const point = defined(small.find((each) => multiply(each, 4n).y !== 1n));
    const key = encodePoint(add(multiply(base, secret), point));
    const verdicts = Array.from({ length: 40 }, (_, number) => {
      const message = Buffer.from(`message ${number}`);
      const signature = forge(secret, 5n, key, message);
      const verdict = guestSays(key, message, signature);
      expect(verdict).toBe(nodeSays(key, message, signature));
      expect(verdict).toBe(challengeOf(signature.subarray(0, 32), key, message) % 8n === 0n);
      return verdict;
    });
    expect(new Set(verdicts)).toEqual(new Set([true, false]));
  });
});

describe("points", () => {
  const decodes = (bytes: Uint8Array): boolean => {
    put(bytes);
    return g.call("decodePoint") !== 0;
  };

  test("a point on the curve is decoded, and encoded as the same bytes", () => {
    const points = [
      neutral,
      base,
      ...smallOrderPoints(),
      ...[2n, 3n, 7n, 10n ** 40n].map((n) => multiply(base, n)),
    ];
    for (const bytes of points.map(encodePoint)) {
      expect(decodes(bytes)).toBe(true);
      expect(g.get(g.call("written"), 32)).toEqual(bytes);
    }
  });

  test("y of p or more, x = 0 that says it is odd, and a y that no point has are refused", () => {
    for (let y = 0n; y < 19n; y += 1n) {
      expect(decodes(encodeLittle(PRIME + y))).toBe(false);
      expect(decodes(encodeLittle((PRIME + y) | (1n << 255n)))).toBe(false);
    }
    for (const y of [1n, PRIME - 1n]) {
      expect(decodes(encodeLittle(y))).toBe(true);
      expect(decodes(encodeLittle(y | (1n << 255n)))).toBe(false);
    }
    // Half of all numbers are no y: of the first hundred about fifty.
    const absent = Array.from({ length: 100 }, (_, y) => decodes(encodeLittle(BigInt(y)))).filter(
      (holds) => !holds,
    );
    expect(absent.length).toBeGreaterThan(30);
    expect(absent.length).toBeLessThan(70);
  });
});

describe("SHA-512", () => {
  function digest(pieces: readonly Uint8Array[]): string {
    g.call("begin");
    for (const piece of pieces) {
      put(piece);
      g.call("update", piece.length);
    }
    return Buffer.from(g.get(g.call("finish"), 64)).toString("hex");
  }
  const reference = (bytes: Uint8Array): string => createHash("sha512").update(bytes).digest("hex");

  test("of every length around the block's and the padding's edges", () => {
    for (let length = 0; length <= 300; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 31 + length) & 255);
      expect([length, digest([bytes])]).toEqual([length, reference(bytes)]);
    }
  });

  test("of any bytes in any pieces is the one that node:crypto gives", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 500 }), { maxLength: 8 }), (pieces) => {
        expect(digest(pieces)).toBe(reference(Buffer.concat(pieces)));
      }),
      { numRuns: 200 },
    );
  });

  test("keeps to the memory that it asks for", () => {
    const state = g.call("begin");
    const stateBytes = g.call("stateBytes");
    put(Buffer.alloc(1000, "x"));
    g.call("update", 1000);
    g.call("finish");
    expect(new Set(g.get(state + stateBytes, 1024 - stateBytes))).toEqual(new Set([0xa5]));
  });
});
