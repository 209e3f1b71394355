// What the playground's code may import: it runs in a browser, in two places that know little of each other.

import { describe, expect, test } from "vitest";
import { root } from "../../host/root.ts";
import { importsOf, sourceFiles } from "../harness/imports.ts";

const imports = sourceFiles(root, ["playground"]).flatMap((file) => importsOf(root, file));
const where = ({ from, line, specifier }: (typeof imports)[number]): string =>
  `${from}:${line} imports ${specifier}`;

describe("imports of the playground", () => {
  test("there is nothing of Node's, and no tool", () => {
    const wrong = imports.filter(
      ({ specifier, target }) => specifier.startsWith("node:") || target?.startsWith("tools/") === true,
    );
    expect(imports.length).toBeGreaterThan(100);
    expect(wrong.map(where)).toEqual([]);
  });

  test("the page and the worker share the protocol and the model, and nothing else", () => {
    const wrong = imports.filter(({ from, target }) => {
      const isWorker = from.startsWith("playground/worker/");
      return (isWorker ? /^playground\/(page|tours)\// : /^playground\/worker\//).test(target ?? "");
    });
    expect(wrong.map(where)).toEqual([]);
  });
});
