// The proofs: one that is true for this run holds, and every way of making one up is found.

import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { judgeProof, parseProof } from "../../../../tools/boot/verdict/proof.ts";

const NONCE = "00112233445566778899aabbccddeeff";
const hello = new TextEncoder().encode("hello\n");
const facts = {
  nonce: NONCE,
  smp: 2,
  packageFile: (path: string) => (path === "fixtures/hello.txt" ? hello : undefined),
};

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** What the runner thinks of a proof line with a true hash over `nonce`. */
function judge(name: string, data: string, usedNonce = NONCE): string | undefined {
  const proof = parseProof(`proof: ${name} ${data} sha256=${sha256(`${usedNonce} ${name} ${data}`)}`);
  if (proof === undefined) {
    throw new Error("not a proof line");
  }
  return judgeProof(proof, facts);
}

const helloHash = createHash("blake2b512").update(hello).digest("hex").slice(0, 64);
const file = `fixtures/hello.txt bytes=6 hash=${helloHash}`;

test("true proofs hold", () => {
  expect(judge("smp-ticks", "0:12>45 1:10>43")).toBeUndefined();
  expect(judge("smp-ipi", "0>1:3 1>0:1")).toBeUndefined();
  expect(judge("pkgfs", file)).toBeUndefined();
});

test("a run with one hart proves that it has no pairs", () => {
  const proof = parseProof(`proof: smp-ipi  sha256=${sha256(`${NONCE} smp-ipi `)}`);
  expect(proof).toBeDefined();
  if (proof !== undefined) {
    expect(judgeProof(proof, { ...facts, smp: 1 })).toBeUndefined();
  }
});

test("a line of another form is no proof", () => {
  expect(parseProof("SELFTEST: smp ipi ok")).toBeUndefined();
  expect(parseProof("proof: smp-ipi 0>1:3 sha256=12")).toBeUndefined();
  expect(parseProof(` proof: smp-ipi 0>1:3 sha256=${"0".repeat(64)}`)).toBeUndefined();
});

test("a proof of another run is refused", () => {
  expect(judge("smp-ticks", "0:12>45 1:10>43", "f".repeat(32))).toContain(
    "for this run and this data it has to be",
  );
});

const refused: [name: string, proof: string, data: string, why: string][] = [
  ["a hart that stood still", "smp-ticks", "0:12>45 1:10>10", "hart 1 did not tick: 10, then 10"],
  ["a hart left out", "smp-ticks", "0:12>45", "it says nothing about hart 1"],
  ["a hart too many", "smp-ticks", "0:1>2 1:1>2 2:1>2", "it names 3 harts, but the machine has 2"],
  ["a hart twice", "smp-ticks", "0:1>2 0:1>2", "it names hart 0 twice"],
  ["ticks that are no numbers", "smp-ticks", "0:a>b", '"0:a>b" is not of the form hart:first>second'],
  ["a pair left out", "smp-ipi", "0>1:3", "it says nothing about hart 1 to hart 0"],
  ["a pair without interrupt", "smp-ipi", "0>1:3 1>0:0", "no interrupt went from hart 1 to hart 0"],
  ["a pair that is none", "smp-ipi", "0>1:3 1>0:1 0>0:1", "it names 3 pairs of harts, but there are 2"],
  [
    "another file's hash",
    "pkgfs",
    file.replace(/hash=./, "hash=g").replace("=g", "=0"),
    "the bytes that were read have 0",
  ],
  ["a short read", "pkgfs", file.replace("bytes=6", "bytes=5"), "has 6 bytes, but 5 were read"],
  ["a file that pkg/ does not have", "pkgfs", file.replace("hello", "other"), "pkg/ has no file"],
  ["an unknown proof", "magic", "1", "there is no check for it"],
];

test.each(refused)("a proof is refused: %s", (_name, name, data, why) => {
  expect(judge(name, data)).toContain(why);
});
