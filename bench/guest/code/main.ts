/**
 * Small programs that have twins in C (bench/c): the same algorithm, step by step, on the same input. Each has two parts. One
 * makes the input and is not measured. The other works on it and returns a number that depends on the whole result.
 */

export { prepare as copyPrepare, work as copyWork } from "./copy";
export { prepare as crc32Prepare, work as crc32Work } from "./crc32";
export { prepare as hashPrepare, work as hashWork } from "./hash";
export { prepare as insertionPrepare, work as insertionWork } from "./insertion";
export { prepare as listPrepare, work as listWork } from "./list";
export { prepare as quickPrepare, work as quickWork } from "./quick";
export { prepare as recordsPrepare, work as recordsWork } from "./records";
export { prepare as sha256Prepare, work as sha256Work } from "./sha256";
