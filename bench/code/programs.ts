// The pairs of programs, one in TypeScript and one in C, and what each may take.

/** One pair: bench/guest/code/<stem>.ts and bench/c/<stem>.c. */
export interface Pair {
  name: string;
  stem: string;
  /** The most instructions that the TypeScript may take: the last measurement plus 2 %. */
  budget: number;
}

export const pairs: readonly Pair[] = [
  { name: "SHA-256 of 4 KiB", stem: "sha256", budget: 250_570 },
  { name: "CRC-32 of 4 KiB", stem: "crc32", budget: 41_785 },
  { name: "insertion sort of 400 words", stem: "insertion", budget: 294_791 },
  { name: "quick sort of 2,000 words", stem: "quick", budget: 279_656 },
  { name: "hash table, 1,200 keys", stem: "hash", budget: 94_464 },
  { name: "list of 1,000 nodes", stem: "list", budget: 35_277 },
  { name: "copying", stem: "copy", budget: 13_358 },
  { name: "records, procedures, texts", stem: "records", budget: 66_974 },
];
