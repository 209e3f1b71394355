// Converts .wast files: wabt's wast2json writes a list of commands (JSON) and a binary file for each module.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import {
  list,
  number,
  object,
  oneOf,
  optional,
  readJson,
  type Shape,
  text,
  variant,
} from "../../../host/json.ts";
import { Problem } from "../../../host/problem.ts";

/** A value in the list: `value` is a decimal number, unsigned, for integers. */
export interface JsonValue {
  readonly type: string;
  readonly value: string | readonly string[] | undefined;
}

export interface JsonAction {
  readonly type: "invoke" | "get";
  /** The module's name in the file; without it the last one is meant. */
  readonly module: string | undefined;
  readonly field: string;
  readonly args: readonly JsonValue[] | undefined;
}

/** One command of a file. */
export type JsonCommand =
  | {
      readonly type: "module";
      readonly line: number;
      readonly name: string | undefined;
      readonly filename: string;
    }
  | {
      readonly type: "register";
      readonly line: number;
      readonly name: string | undefined;
      readonly as: string;
    }
  | { readonly type: "action"; readonly line: number; readonly action: JsonAction }
  | {
      readonly type: "assert_return";
      readonly line: number;
      readonly action: JsonAction;
      readonly expected: readonly JsonValue[];
    }
  | {
      readonly type: "assert_trap" | "assert_exhaustion";
      readonly line: number;
      readonly action: JsonAction;
      readonly text: string;
    }
  | {
      readonly type: "assert_uninstantiable";
      readonly line: number;
      readonly filename: string;
      readonly text: string;
    }
  | {
      readonly type: "assert_malformed" | "assert_invalid" | "assert_unlinkable";
      readonly line: number;
      readonly text: string;
    };

/** A vector's value is a list: one text for each lane. */
const lanes: Shape<string | string[]> = (value, place) =>
  Array.isArray(value) ? list(text)(value, place) : text(value, place);

const values = list(object({ type: text, value: optional(lanes) }));

const action: Shape<JsonAction> = object({
  type: oneOf("invoke", "get"),
  module: optional(text),
  field: text,
  args: optional(values),
});

const failingAction = object({ type: oneOf("assert_trap", "assert_exhaustion"), line: number, action, text });
const refusedModule = object({
  type: oneOf("assert_malformed", "assert_invalid", "assert_unlinkable"),
  line: number,
  text,
});

const commandList = object({
  commands: list(
    variant<JsonCommand>("type", {
      module: object({ type: oneOf("module"), line: number, name: optional(text), filename: text }),
      register: object({ type: oneOf("register"), line: number, name: optional(text), as: text }),
      action: object({ type: oneOf("action"), line: number, action }),
      assert_return: object({ type: oneOf("assert_return"), line: number, action, expected: values }),
      assert_trap: failingAction,
      assert_exhaustion: failingAction,
      assert_uninstantiable: object({
        type: oneOf("assert_uninstantiable"),
        line: number,
        filename: text,
        text,
      }),
      assert_malformed: refusedModule,
      assert_invalid: refusedModule,
      assert_unlinkable: refusedModule,
    }),
  ),
});

export interface Converted {
  readonly commands: readonly JsonCommand[];
  module(filename: string): Uint8Array;
}

/** Whether wabt is installed. */
export function hasWast2json(): boolean {
  return spawnSync("wast2json", ["--version"]).status === 0;
}

/**
 * Converts one file into the folder `scratch`.
 * @returns the commands, or wast2json's complaint as one line
 */
export function convert(file: string, scratch: string): Converted | string {
  const converted = convertAsItIs(file, scratch);
  if (typeof converted !== "string") {
    return converted;
  }
  const text = readFileSync(file, "utf8");
  const repaired = withMessages(text);
  if (repaired === text) {
    return converted;
  }
  const copy = join(scratch, basename(file));
  writeFileSync(copy, repaired);
  const second = convertAsItIs(copy, scratch);
  return typeof second === "string" ? converted : second;
}

/** Early files have assert_traps without a message, but wast2json requires one. An empty message fits every reason. */
function withMessages(text: string): string {
  return text.replaceAll(/^\(assert_trap (\(invoke .*[^"])\)$/gm, (line, action: string) =>
    isBalanced(line) ? `(assert_trap ${action} "")` : line,
  );
}

/** Whether a line has as many opening as closing parentheses, so that nothing follows on the next one. */
function isBalanced(line: string): boolean {
  return line.split("(").length === line.split(")").length;
}

function convertAsItIs(file: string, scratch: string): Converted | string {
  const output = join(scratch, `${basename(file, ".wast")}.json`);
  const run = spawnSync("wast2json", [file, "-o", output], { encoding: "utf8" });
  if (run.error !== undefined) {
    throw new Problem("wast2json was not found", { hints: ["install Debian's package wabt"] });
  }
  if (run.status !== 0) {
    return complaint(run.stderr);
  }
  const { commands } = readJson(readFileSync(output, "utf8"), output, commandList);
  return { commands, module: (filename) => readFileSync(join(scratch, filename)) };
}

/** The first error, without the path in front of it. */
function complaint(output: string): string {
  const line = output.split("\n").find((text) => text.includes("error:")) ?? "it gives no reason";
  return line.replace(/^.*?(\d+:\d+: )?error: /, "$1");
}
