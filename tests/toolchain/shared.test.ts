// What host and guest share: the host's modules have the numbers that asc computes from the guest's sources.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../host/root.ts";
import { runAsc, testFlags } from "../../toolchain/asc/run.ts";
import { sharedModule, sharedSources } from "../../toolchain/shared/make.ts";
import { readNumbers } from "../../toolchain/shared/read.ts";
import { readModule } from "../../toolchain/wasm/reader.ts";

const shared = sharedSources.map((file) => ({
  file,
  numbers: readNumbers(readFileSync(join(root, file), "utf8"), file),
}));

test("every number is the one that asc computes", async () => {
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
      kind === "global" ? [[name, BigInt.asIntN(64, globals[index]?.value ?? 0n)] as const] : [],
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

test("a module has the constants and the enums, in the forms that the guest writes them", () => {
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
