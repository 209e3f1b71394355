// What decides that a step of the build has to run again: content, and nothing else.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listFiles } from "../../host/files.ts";
import { Stamps, type Step } from "../../toolchain/stale.ts";

let root: string;
let runs: number;

/** A step that copies `in` to `out/out` and also looks for `maybe`. */
function copyStep(key: unknown = "v1"): Step {
  return {
    name: "copy",
    key,
    reads: ["in"],
    writes: ["out/out"],
    run: async () => {
      runs += 1;
      writeFileSync(join(root, "out/out"), readFileSync(join(root, "in")));
      return ["maybe"];
    },
  };
}

/** One build: fresh memory, the stamps of the last one. */
async function build(step: Step = copyStep()): Promise<boolean> {
  return new Stamps(root, "out").run(step);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "stale-"));
  runs = 0;
  writeFileSync(join(root, "in"), "first");
});

afterEach(() => rmSync(root, { recursive: true }));

describe("a step", () => {
  test("runs once, and not again while nothing changes", async () => {
    expect([await build(), await build(), await build()]).toEqual([true, false, false]);
    expect(runs).toBe(1);
  });

  test("does not run because a time stamp changed", async () => {
    await build();
    utimesSync(join(root, "in"), 1, 1);
    utimesSync(join(root, "out/out"), 5, 5);
    expect(await build()).toBe(false);
  });

  test("runs when the content of a file that it reads changes", async () => {
    await build();
    writeFileSync(join(root, "in"), "second");
    expect(await build()).toBe(true);
    expect(readFileSync(join(root, "out/out"), "utf8")).toBe("second");
  });

  test("runs when a file appears that it had looked for and not found", async () => {
    await build();
    writeFileSync(join(root, "maybe"), "");
    expect(await build()).toBe(true);
    expect(await build()).toBe(false);
  });

  test("runs when its output is gone, or is not what it wrote", async () => {
    await build();
    rmSync(join(root, "out/out"));
    expect(await build()).toBe(true);
    writeFileSync(join(root, "out/out"), "touched by hand");
    expect(await build()).toBe(true);
    expect(readFileSync(join(root, "out/out"), "utf8")).toBe("first");
  });

  test("runs when its key changes", async () => {
    await build();
    expect(await build(copyStep("v2"))).toBe(true);
  });

  test("leaves no stamp when it fails, and runs again", async () => {
    await build();
    writeFileSync(join(root, "in"), "second");
    const failing: Step = { ...copyStep(), run: () => Promise.reject(new Error("no")) };
    await expect(build(failing)).rejects.toThrow("no");
    writeFileSync(join(root, "in"), "first");
    expect(await build()).toBe(true);
  });

  test("runs when the stamp file cannot be read", async () => {
    await build();
    writeFileSync(join(root, "out/stamps.json"), "{ this is not JSON");
    expect(await build()).toBe(true);
  });
});

describe("a step that a build in another folder has done", () => {
  /** `copyStep` in a folder: it copies the folder's own `in`, and looks for its own `maybe`. */
  function stepIn(out: string, key: unknown = "v1"): Step {
    return {
      name: "copy",
      key,
      reads: [`${out}/in`],
      writes: [`${out}/made`],
      run: async () => {
        runs += 1;
        writeFileSync(join(root, out, "made"), `${readFileSync(join(root, out, "in"))} ${key}`);
        return [`${out}/maybe`];
      },
    };
  }

  async function buildIn(out: string, other: string, key?: string): Promise<void> {
    const stamps = new Stamps(root, out, [other]);
    await stamps.run(stepIn(out, key));
    stamps.save();
  }

  /** What the second build does, in `out/inner`: its result, and whether it did the step itself. */
  async function second(key?: string): Promise<{ made: string; ran: boolean }> {
    const before = runs;
    await buildIn("out/inner", "out", key);
    return { made: readFileSync(join(root, "out/inner/made"), "utf8"), ran: runs > before };
  }

  beforeEach(async () => {
    for (const out of ["out", "out/inner"]) {
      mkdirSync(join(root, out));
      writeFileSync(join(root, out, "in"), "first");
    }
    await buildIn("out", "out/inner");
  });

  test("is not done again, and its result is copied", async () => {
    expect(await second()).toEqual({ made: "first v1", ran: false });
    rmSync(join(root, "out/made"));
    await buildIn("out", "out/inner");
    expect([readFileSync(join(root, "out/made"), "utf8"), runs]).toEqual(["first v1", 1]);
  });

  test("leaves a stamp with the files of its own folder", async () => {
    await second();
    rmSync(join(root, "out/stamps.json"));
    expect(await second()).toEqual({ made: "first v1", ran: false });
    writeFileSync(join(root, "out/inner/in"), "second");
    expect(await second()).toEqual({ made: "second v1", ran: true });
    writeFileSync(join(root, "out/inner/maybe"), "");
    expect((await second()).ran).toBe(true);
  });

  test("is done again with another key", async () => {
    expect(await second("v2")).toEqual({ made: "first v2", ran: true });
  });

  test("is done again if a file that it reads has other content, or is only here", async () => {
    writeFileSync(join(root, "out/inner/in"), "second");
    expect(await second()).toEqual({ made: "second v1", ran: true });
    writeFileSync(join(root, "out/inner/in"), "first");
    writeFileSync(join(root, "out/inner/maybe"), "");
    expect(await second()).toEqual({ made: "first v1", ran: true });
  });

  test("is done again if its result is gone there, or is not what it wrote", async () => {
    writeFileSync(join(root, "out/made"), "touched by hand");
    expect(await second()).toEqual({ made: "first v1", ran: true });
    rmSync(join(root, "out/inner"), { recursive: true });
    mkdirSync(join(root, "out/inner"));
    writeFileSync(join(root, "out/inner/in"), "first");
    rmSync(join(root, "out/made"));
    expect(await second()).toEqual({ made: "first v1", ran: true });
  });
});

test("a later step of the same build sees what an earlier one wrote", async () => {
  const second: Step = {
    ...copyStep(),
    name: "second",
    reads: ["out/out"],
    writes: ["out/second"],
    run: async () => {
      writeFileSync(join(root, "out/second"), readFileSync(join(root, "out/out")));
      return undefined;
    },
  };
  const both = async (): Promise<boolean[]> => {
    const stamps = new Stamps(root, "out");
    const ran = [await stamps.run(copyStep()), await stamps.run(second)];
    stamps.save();
    return ran;
  };
  expect(await both()).toEqual([true, true]);
  expect(await both()).toEqual([false, false]);
  writeFileSync(join(root, "in"), "second");
  expect(await both()).toEqual([true, true]);
  expect(readFileSync(join(root, "out/second"), "utf8")).toBe("second");
});

test("the hash over folders changes with a file's content and with its name", () => {
  const hash = (): string => new Stamps(root, "out").hashFolders(".");
  const first = hash();
  expect(hash()).toBe(first);
  writeFileSync(join(root, "new"), "");
  const second = hash();
  expect(second).not.toBe(first);
  writeFileSync(join(root, "new"), "x");
  expect(hash()).not.toBe(second);
  expect(listFiles(root, "nowhere")).toEqual([]);
});
