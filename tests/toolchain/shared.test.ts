// What host and guest share: the host's modules have the numbers that asc computes from the guest's sources.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { constantNames, functionNames } from "../../build/gen/host/machine/core/module.ts";
import { root } from "../../host/root.ts";
import { runAsc, testFlags } from "../../toolchain/asc/run.ts";
import { faceModule } from "../../toolchain/shared/face.ts";
import { sharedModule, sharedSources } from "../../toolchain/shared/make.ts";
import { readNumbers } from "../../toolchain/shared/read.ts";
import { readModule } from "../../toolchain/wasm/reader.ts";
import { defined } from "../harness/defined.ts";
import { buildOnce } from "../machine/booting.ts";

const shared = sharedSources.map((file) => ({
  file,
  numbers: readNumbers(readFileSync(join(root, file), "utf8"), file),
}));

test("every number is the same as asc computes", async () => {
  const exported = shared.flatMap(({ file, numbers: { enums, constants } }, index) => [
    ...[...enums, ...constants].map(({ name }) => `import { ${name} as ${name}_${index} } from "./${file}";`),
    ...enums.flatMap(({ name, members }) =>
      members.map(
        ([member]) => `export const ${name}_${index}$${member}: i64 = <i64>${name}_${index}.${member};`,
      ),
    ),
    ...constants.map(({ name }) => `export const constant_${name}_${index}: i64 = <i64>${name}_${index};`),
  ]);
  const entry = { root, entry: "shared-numbers.ts", text: exported.join("\n"), generated: "build" };
  const { exports, globals } = readModule((await runAsc({ ...entry, flags: testFlags })).wasm);
  const computed = new Map(
    exports.flatMap(({ kind, name, index }) =>
      kind === "global" ? [[name, BigInt.asIntN(64, defined(globals[index]?.value, name))] as const] : [],
    ),
  );
  const read = shared.flatMap(({ numbers: { enums, constants } }, index) => [
    ...enums.flatMap(({ name, members }) =>
      members.map(([member, value]) => [`${name}_${index}$${member}`, value] as const),
    ),
    ...constants.map(({ name, value }) => [`constant_${name}_${index}`, BigInt.asIntN(64, value)] as const),
  ]);
  expect(read.length).toBeGreaterThan(0);
  expect(new Map(read)).toEqual(computed);
});

test("a module has the guest's constants and enums, in every form that the guest uses", () => {
  const source = `
/** export const enum No { A = 1 } */
export const WIDE: u64 = 0xffff_ffff_ffff_ffff; // 2^64 - 1
export const SMALL: i32 = -1;
export const ADDRESS: u32 = 1 << 31;
export const ALL: u64 = ~0;
export const COMPUTED: u32 = ADDRESS / 2;
const enum Own { A = 1 }
export const enum Kind {
  None,
  /** One, two. */
  First,
  Bit = 1 << 4,
  Below = -2,
}
`;
  expect(sharedModule(source, "a.ts")).toBe(`// Made from a.ts by toolchain/shared.

export const WIDE = 18446744073709551615n;

export const SMALL = -1;

export const ADDRESS = 2147483648;

export const ALL = 18446744073709551615n;

export const Kind = {
  None: 0,
  First: 1,
  Bit: 16,
  Below: -2,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];
`);
});

test("a member in another form is refused, with its line", () => {
  const source = "\nexport const enum Kind {\n  /** One,\n   * two. */\n  One = 1,\n\n  Two = One + 1,\n}\n";
  expect(() => readNumbers(source, "a.ts")).toThrow('a.ts:7: "Two = One + 1" is not a name with a number');
});

describe("the declarations of a module", () => {
  const sources: Readonly<Record<string, string>> = {
    "core/module.ts": `export {\n  run,\n  BYTES,\n} from "./parts/run"; // export { no } from "./no";\n`,
    "core/parts/run.ts": `export const BYTES: u32 = offsetof<Hart>();
export function run(hart: Hart, count: u64, on: bool): Stop {\n}\nexport function other(): void {}\n`,
  };
  const read = (path: string): string => defined(sources[path], path);

  test("have the functions with the host's types, and the constants", () => {
    const { text, sources: seen } = faceModule("core/module.ts", read);
    expect(text).toContain("  run: (hart: number, count: bigint, on: number) => number;\n");
    expect(text).toContain("  BYTES: WebAssembly.Global;\n");
    expect(text).not.toContain("other");
    expect(seen).toEqual(["core/module.ts", "core/parts/run.ts"]);
  });

  test("refuse an export that is neither", () => {
    const wrong = (path: string): string => (path === "core/module.ts" ? read(path) : "export class run {}");
    expect(() => faceModule("core/module.ts", wrong)).toThrow(
      "core/module.ts exports run, which is no function or constant of core/parts/run.ts",
    );
  });

  test("name exactly what the machine's module exports", async () => {
    const { exports } = readModule(new Uint8Array(readFileSync((await buildOnce()).wasm)));
    const named = [...functionNames, ...constantNames, "memory", "table"];
    expect(exports.map(({ name }) => name).sort()).toEqual(named.sort());
  });
});
