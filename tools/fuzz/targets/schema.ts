// Our compiler of Cap'n Proto schemas: any text becomes code, or a Problem with its place.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../../../host/problem.ts";
import { root } from "../../../host/root.ts";
import { generate, generateHost } from "../../../toolchain/schema/generate.ts";
import { runningHost } from "../engine/answers.ts";
import { bytesOf, promise, type Target } from "../engine/target.ts";
import { allows } from "./allows.ts";

const files = ["tests/libs/capnp/everything.capnp", "source/idl/virtio_blk.capnp"];
const INPUT_BYTES_MAX = 3000;

const words = [
  "struct A {\n",
  "enum A { b @0; }",
  "interface A {",
  "}",
  " @0",
  ":UInt8;",
  ":List(",
  "List(List(A))",
  ":Text",
  ":Data",
  ":Void",
  ":Bool = true;",
  "union {",
  "group {",
  "using ",
  "annotation ",
  "const a :UInt8 = ",
  "0xffffffffffffffffff",
  "-1",
  "@0xa94c5fd1e02b7638;",
  "() -> ()",
  "$",
  "# comment\n",
  '"text"',
  "import ",
];

export const schema: Target = {
  name: "schema",
  about: "the compiler of Cap'n Proto schemas",
  inputBytesMax: INPUT_BYTES_MAX,
  isText: true,
  start: async () => {
    return runningHost({
      seeds: files.map((file) => readFileSync(join(root, file)).subarray(0, INPUT_BYTES_MAX)),
      dictionary: words.map(bytesOf),
      run: (input, answers) => {
        const text = Buffer.from(input).toString("utf8");
        const guest = allows(answers, Problem, () => generate(text, "input.capnp"));
        const host = allows(answers, Problem, () => generateHost(text, "input.capnp"));
        answers.say("x".repeat((guest?.length ?? 0) >>> 6));
        promise((guest === undefined) === (host === undefined), "a schema is good for one side only");
      },
    });
  },
};
