// Our compiler and our reader of device trees: any text, and any blob.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../../../host/problem.ts";
import { root } from "../../../host/root.ts";
import { compileDts } from "../../../toolchain/dts/compile.ts";
import { emitDtb } from "../../../toolchain/dts/emit.ts";
import { DtbError, readDtb } from "../../../toolchain/dts/read.ts";
import { runningHost } from "../engine/answers.ts";
import { bytesOf, promise, type Target } from "../engine/target.ts";
import { allows } from "./allows.ts";

const BOARD = "pkg/dts/virt-nexus.dts";
const INPUT_BYTES_MAX = 2048;
const FILE_NAME = "input.dts";

const samples = [
  `/dts-v1/;
/ { #address-cells = <2>; compatible = "a,b", "c"; empty; bytes = [00 ff]; wide = /bits/ 64 <1>;
  a: cpu@0 { reg = <0 0x1 &b>; /* c */ y = &a; }; // end
  b: soc { dma = <&a 1>, "text"; uart@1000 { status = "disabled"; path = <&{/cpu@0}>; }; };
};`,
  `/dts-v1/; / { b { c { d = "\\n\\"\\\\"; e = /bits/ 8 <1 2>; }; }; };`,
];

const words = [
  "/dts-v1/;",
  "/ {",
  "};",
  "<0x1>",
  "&a",
  "a: ",
  "[00 ff]",
  "/delete-node/ ",
  "/delete-property/ ",
  "/include/ ",
  "/memreserve/ ",
  "/bits/ 64 ",
  "phandle = <1>;",
  "\\x41",
  "(1 << 2)",
  "/*",
  "*/",
  "//",
  "&{/a}",
  "0xffffffffffffffff",
];

/** Trees of other lengths have other things in them. */
function shape(bytes: number): string {
  return "x".repeat(bytes >>> 4);
}

export const dts: Target = {
  name: "dts",
  about: "the compiler of device-tree sources",
  inputBytesMax: INPUT_BYTES_MAX,
  isText: true,
  start: async () => {
    return runningHost({
      seeds: [...samples.map(bytesOf), readFileSync(join(root, BOARD)).subarray(0, INPUT_BYTES_MAX)],
      dictionary: words.map(bytesOf),
      run: (input, answers) => {
        const text = Buffer.from(input).toString("utf8");
        const dtb = allows(answers, Problem, () => compileDts(text, FILE_NAME));
        if (dtb !== undefined) {
          answers.say(`${shape(dtb.length)}`);
          promise(Buffer.compare(emitDtb(readDtb(dtb)), dtb) === 0, "a compiled tree reads as another one");
        }
      },
    });
  },
};

export const dtb: Target = {
  name: "dtb",
  about: "the host's reader of device trees",
  inputBytesMax: INPUT_BYTES_MAX,
  isText: false,
  start: async () => {
    return runningHost({
      seeds: samples.map((text) => compileDts(text, FILE_NAME)),
      dictionary: [1, 2, 3, 4, 9].map((token) => Uint8Array.of(0, 0, 0, token)),
      run: (input, answers) => {
        const tree = allows(answers, DtbError, () => readDtb(input));
        if (tree !== undefined) {
          const again = emitDtb(tree);
          answers.say(`${shape(again.length)}`);
          promise(
            Buffer.compare(emitDtb(readDtb(again)), again) === 0,
            "a tree that is written reads as another one",
          );
        }
      },
    });
  },
};
