// Numbers that only the guest's compiler knows, such as where a class keeps a field: a text of constants is compiled, and
// their values are read from the module.

import { root } from "../../host/root.ts";
import { readModule } from "../wasm/reader.ts";
import { compileKept } from "./kept.ts";
import { testFlags } from "./run.ts";

/** Where the modules are kept: a command that reads the kernel's memory needs the same numbers at each start. */
const FOLDER = "build/constants";

/** The exported u32 constants of a text in the guest's language, by name. @param entry its name in messages */
export async function compileConstants(entry: string, text: string): Promise<ReadonlyMap<string, number>> {
  const wasm = await compileKept(
    { root, entry, text, generated: "build", flags: testFlags },
    { folder: FOLDER },
  );
  const { exports, globals } = readModule(wasm);
  return new Map(
    exports
      .filter(({ kind }) => kind === "global")
      .map(({ name, index }) => {
        const value = globals[index]?.value;
        if (value === undefined) {
          throw new Error(`${entry}: ${name} has no value`);
        }
        return [name, Number(BigInt.asUintN(32, value))];
      }),
  );
}
