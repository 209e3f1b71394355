// Random modules, in V8 and as RV64 on QEMU: the same results, calls of imports, traps and memory. Here 200 of them;
// `./nx fuzz wasm --seeds A..B` runs any.

import { describe, expect, test } from "vitest";
import { readModule } from "../../toolchain/wasm/reader.ts";
import { hasQemu } from "../../tools/boot/machines/qemu.ts";
import { Generator } from "../../tools/fuzz/translator/generate.ts";
import { withoutFloats } from "../../tools/fuzz/translator/integers.ts";
import { callsOf } from "../../tools/fuzz/translator/plan.ts";
import { runReference } from "../../tools/fuzz/translator/reference.ts";
import { fuzz } from "../../tools/fuzz/translator/run.ts";
import { hasFloats } from "./wasm/floats.ts";

const SEEDS = 200;

describe("modules from seeds", () => {
  test("one seed gives one module, without floats, which runs the same twice", async () => {
    const generator = new Generator();
    try {
      const raw = await generator.generate(9, 4000);
      expect(await generator.generate(9, 4000)).toEqual(raw);
      expect(hasFloats(readModule(raw))).toBe(true);
      for (const direct of [false, true]) {
        const bytes = withoutFloats(raw, direct);
        const module = readModule(bytes);
        expect(hasFloats(module)).toBe(false);
        const calls = callsOf(module, 9);
        expect(calls.length).toBeGreaterThan(3);
        expect(runReference(bytes, calls)).toEqual(runReference(bytes, calls));
      }
    } finally {
      generator.close();
    }
  });
});

describe.skipIf(!hasQemu())("translated code gives the same on QEMU as in V8", () => {
  test(`${SEEDS} random modules`, { timeout: 900_000 }, async () => {
    const { differences, calls, seeds } = await fuzz({ first: 0, last: SEEDS - 1 });
    expect(differences).toEqual([]);
    expect(seeds).toBe(SEEDS);
    expect(calls).toBeGreaterThan(SEEDS);
  });
});
