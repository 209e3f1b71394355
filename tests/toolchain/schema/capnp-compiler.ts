// What the capnp compiler (Debian's `capnproto`) makes of a schema, in a form that compares with our layout.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Message } from "capnp-es";
import { CodeGeneratorRequest, type Node } from "capnp-es/capnp/schema";
import {
  isPointer,
  type Schema,
  type Struct,
  scalarLogBits,
  type Type,
} from "../../../toolchain/schema/layout.ts";
import { defined } from "../../harness/defined.ts";

/** Whether the compiler is installed. */
export const hasCapnp = spawnSync("capnp", ["--version"]).status === 0;

/** A struct's sizes, and of each field its offset (in units of its own size, as the compiler counts). */
export interface StructFacts {
  readonly dataWords: number;
  readonly pointerCount: number;
  readonly fields: Readonly<Record<string, number>>;
}

/** Runs `work` with the path of a file that holds the schema. */
export function withSchemaFile<T>(text: string, work: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "schema-"));
  try {
    const path = join(folder, "test.capnp");
    writeFileSync(path, text);
    return work(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** All structs of a schema as the capnp compiler lays them out, those of methods included, by their ids. */
export function capnpFacts(text: string): Map<bigint, StructFacts> {
  const output = withSchemaFile(text, (path) => {
    const run = spawnSync("capnp", ["compile", "-o-", path], { maxBuffer: 1 << 26 });
    if (run.status !== 0) {
      throw new Error(`capnp: ${run.stderr.toString()}`);
    }
    return run.stdout;
  });
  const request = new Message(new Uint8Array(output), false).getRoot(CodeGeneratorRequest);
  const structs = request.nodes.toArray().filter((node) => node._isStruct);
  return new Map(structs.map((node) => [node.id, factsOf(node)]));
}

function factsOf(node: Node): StructFacts {
  const { dataWordCount, pointerCount, fields } = node.struct;
  return {
    dataWords: dataWordCount,
    pointerCount,
    fields: Object.fromEntries(fields.toArray().map((field) => [field.name, field.slot.offset])),
  };
}

/** The same of a struct that we laid out. */
export function ourFacts({ dataWords, pointerCount, fields }: Struct): StructFacts {
  return {
    dataWords,
    pointerCount,
    fields: Object.fromEntries(fields.map(({ name, type, offset }) => [name, offset >> logBits(type)])),
  };
}

/** All structs of ours, by the ids that stand in the host's classes. */
export function ourFactsById(schema: Schema, hostText: string): Map<bigint, StructFacts> {
  return new Map(
    schema.structs.map((struct) => {
      const id = new RegExp(`displayName: "${struct.name}",\\s*id: "([0-9a-f]+)"`).exec(hostText)?.[1];
      return [BigInt(`0x${defined(id, `the id of ${struct.name}`)}`), ourFacts(struct)];
    }),
  );
}

function logBits(type: Type): number {
  if (type.kind === "scalar") {
    return scalarLogBits[type.scalar];
  }
  return isPointer(type) || type.kind === "void" ? 0 : 4;
}
