// Recomputes the proofs after the self-tests, so that no program can print "ok" without having measured.
//
//     proof: <name> <data> sha256=<hash>      hash = SHA-256 of the UTF-8 text "<nonce> <name> <data>"
//
// The nonce is a random number of this run, given to the guest in /chosen of its device tree. The hash says that
// the line was made in this run; the data says what was measured, and is judged here: ticks that grew on every
// hart, an interrupt for every ordered pair of harts, a file that has the bytes of pkg/.

import { createHash } from "node:crypto";
import { imageHash } from "../../../host/pkgimg/hash.ts";

/** The nonce of a run whose device tree could not carry one (the tree that QEMU makes itself). */
export const NO_NONCE = "0".repeat(32);

export interface Proof {
  name: string;
  data: string;
  sha256: string;
}

/** A proof line, and what is wrong with it. */
export interface JudgedProof extends Proof {
  problem: string | undefined;
}

/** The facts that a proof is compared with. */
export interface ProofFacts {
  nonce: string;
  smp: number;
  /** The bytes of a file in pkg/, or undefined if there is none. */
  packageFile: (path: string) => Uint8Array | undefined;
}

const PROOF_LINE = /^proof: (\S+) (.*) ?sha256=([0-9a-f]{64})$/;

/** The proof on this console line, or undefined if it is some other line. */
export function parseProof(line: string): Proof | undefined {
  const match = PROOF_LINE.exec(line);
  if (match === null) {
    return undefined;
  }
  const [, name = "", data = "", sha256 = ""] = match;
  return { name, data: data.trimEnd(), sha256 };
}

/** What is wrong with a proof, in one sentence, or undefined if it holds. */
export function judgeProof(proof: Proof, facts: ProofFacts): string | undefined {
  const expected = sha256Hex(new TextEncoder().encode(`${facts.nonce} ${proof.name} ${proof.data}`));
  if (proof.sha256 !== expected) {
    return `its hash is ${proof.sha256}, but for this run and this data it has to be ${expected}`;
  }
  switch (proof.name) {
    case "smp-ticks":
      return judgeTicks(proof.data, facts.smp);
    case "smp-ipi":
      return judgeIpis(proof.data, facts.smp);
    case "pkgfs":
      return judgeFile(proof.data, facts.packageFile);
    default:
      return "there is no check for it";
  }
}

/** `0:12>45 1:10>43`: hart, its ticks at the first and at the second reading. */
function judgeTicks(data: string, smp: number): string | undefined {
  const ticks = new Map<number, [first: bigint, second: bigint]>();
  for (const item of items(data)) {
    const match = /^(\d+):(\d+)>(\d+)$/.exec(item);
    if (match === null) {
      return `"${item}" is not of the form hart:first>second`;
    }
    const [, hart = "", first = "", second = ""] = match;
    if (ticks.has(Number(hart))) {
      return `it names hart ${hart} twice`;
    }
    ticks.set(Number(hart), [BigInt(first), BigInt(second)]);
  }
  for (let hart = 0; hart < smp; hart += 1) {
    const pair = ticks.get(hart);
    if (pair === undefined) {
      return `it says nothing about hart ${hart}`;
    }
    if (pair[1] <= pair[0]) {
      return `hart ${hart} did not tick: ${pair[0]}, then ${pair[1]}`;
    }
  }
  return ticks.size === smp ? undefined : `it names ${ticks.size} harts, but the machine has ${smp}`;
}

/** `0>1:3 1>0:2`: from hart, to hart, how many interrupts arrived. */
function judgeIpis(data: string, smp: number): string | undefined {
  const counts = new Map<string, bigint>();
  for (const item of items(data)) {
    const match = /^(\d+>\d+):(\d+)$/.exec(item);
    if (match === null) {
      return `"${item}" is not of the form from>to:count`;
    }
    const [, pair = "", count = ""] = match;
    if (counts.has(pair)) {
      return `it names ${pair} twice`;
    }
    counts.set(pair, BigInt(count));
  }
  for (let from = 0; from < smp; from += 1) {
    for (let to = 0; to < smp; to += 1) {
      if (from === to) {
        continue;
      }
      const count = counts.get(`${from}>${to}`);
      if (count === undefined) {
        return `it says nothing about hart ${from} to hart ${to}`;
      }
      if (count === 0n) {
        return `no interrupt went from hart ${from} to hart ${to}`;
      }
    }
  }
  const pairs = smp * (smp - 1);
  return counts.size === pairs ? undefined : `it names ${counts.size} pairs of harts, but there are ${pairs}`;
}

/** `fixtures/hello.txt bytes=14 hash=…`: a path, and the size and hash of the bytes that were read. */
function judgeFile(data: string, packageFile: ProofFacts["packageFile"]): string | undefined {
  const match = /^(\S+) bytes=(\d+) hash=([0-9a-f]{64})$/.exec(data);
  if (match === null) {
    return `"${data}" is not of the form path bytes=… hash=…`;
  }
  const [, path = "", bytes = "", hash = ""] = match;
  const content = packageFile(path);
  if (content === undefined) {
    return `pkg/ has no file ${path}`;
  }
  if (content.length !== Number(bytes)) {
    return `${path} has ${content.length} bytes, but ${bytes} were read`;
  }
  const expected = imageHash(content).toString("hex");
  return hash === expected
    ? undefined
    : `${path} has the hash ${expected}, but the bytes that were read have ${hash}`;
}

function items(data: string): string[] {
  return data.split(" ").filter((item) => item !== "");
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
