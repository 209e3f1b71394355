// Blocks that cannot be had: the disk fails once or for good, or there is no such block. Nothing is found or listed then
// that would not be found otherwise, and the reason is the read that failed.

import { beforeAll, describe, expect, test } from "vitest";
import { buildImage } from "../../../host/pkgimg/layout.ts";
import { defined } from "../../harness/defined.ts";
import type { Guest } from "../../harness/guest.ts";
import { Edge } from "../edge.ts";
import { pkgimgGuest, words } from "./face.ts";
import { BLOCK_BYTES, file, sampleFiles } from "./forge.ts";

const UNREADABLE = "block could not be read";
const OUTSIDE = "block is outside the image";
const NONE = -1;
/** More reads than one call needs. */
const READS_MAX = 200;

/** Three blocks of index, of which one begins with a directory; three of strings, with paths across their edges. */
const paths = Array.from(
  { length: 150 },
  (_, index) => `directory-${Math.floor(index / 8) + 10}/a-file-with-a-name-of-some-length-${index + 100}`,
);
const many = buildImage(paths.map((path) => file(path, 0)));

describe.each(["open", "openCached"])("package image reader, on blocks that cannot be had (%s)", (open) => {
  let g: Guest;
  let edge: Edge;
  let pathAt: number;

  beforeAll(async () => {
    g = await pkgimgGuest();
    pathAt = g.alloc(256);
    edge = new Edge(g, 1 << 18);
  });

  function mount(image: Uint8Array): void {
    g.call("failRead", NONE);
    expect(words(g, g.call(open, edge.put(image), image.length / BLOCK_BYTES))).toBe("ok");
    expect(words(g, g.call("check"))).toBe("ok");
  }

  function ask(name: string): [number, number] {
    g.bytes().set(Buffer.from(name), pathAt);
    return [pathAt, name.length];
  }

  const reason = (): string => words(g, g.call("error"));

  /** Calls `act` with each of its reads failing in turn, until it needs no more; `act` gives whether none failed. */
  function withEachReadFailing(act: () => boolean): void {
    for (let number = 0; number < READS_MAX; number += 1) {
      g.call("failRead", number);
      const isGood = act();
      g.call("failRead", NONE);
      if (isGood) {
        return;
      }
    }
    throw new Error("it reads without end");
  }

  test("a path is found, or a read has failed", () => {
    mount(many);
    for (const [index, path] of paths.entries()) {
      withEachReadFailing(() => {
        const found = g.call("lookUp", ...ask(path));
        expect([found, reason()]).toEqual(reason() === "ok" ? [index, "ok"] : [NONE, UNREADABLE]);
        return found !== NONE;
      });
    }
  });

  test("a directory is listed up to the read that failed", () => {
    mount(many);
    for (const directory of ["", ...new Set(paths.map((path) => defined(path.split("/")[0])))]) {
      const children = paths.filter((path) => directory === "" || path.startsWith(`${directory}/`));
      const count =
        directory === "" ? new Set(paths.map((path) => path.split("/")[0])).size : children.length;
      withEachReadFailing(() => {
        const [at, length] = ask(directory);
        let seen = 0;
        let child = g.call("first", at, length);
        while (child !== NONE) {
          expect(reason()).toBe("ok");
          seen += 1;
          child = g.call("next", at, length);
        }
        if (reason() === "ok") {
          expect(seen).toBe(count);
          return true;
        }
        expect(reason()).toBe(UNREADABLE);
        expect(seen).toBeLessThan(count + 1);
        return false;
      });
    }
  });

  test("there is nothing behind an entry that was not picked", () => {
    mount(many);
    expect(g.call("first", ...ask(""))).toBe(0);
    expect(g.call("pick", paths.length)).not.toBe(0);
    expect(g.call("next", ...ask(""))).toBe(NONE);
    expect(reason()).toBe("ok");
  });

  test("a path of four billion bytes is not looked for", () => {
    mount(many);
    for (const name of ["lookUp", "first"]) {
      expect(g.call(name, pathAt, -1)).toBe(NONE);
      expect(reason()).toBe("ok");
    }
  });

  test("the superblock", () => {
    mount(many);
    g.call("failRead", 0);
    expect(words(g, g.call(open, edge.put(many), many.length / BLOCK_BYTES))).toBe(UNREADABLE);
  });

  test("a block of the tree", () => {
    const image = buildImage(sampleFiles);
    expect(g.call(open, edge.put(image), image.length / BLOCK_BYTES)).toBe(0);
    const tree = image.length / BLOCK_BYTES - 1;
    g.call("failAt", tree);
    expect(g.call("block", 1)).toBe(0);
    expect(reason()).toBe(UNREADABLE);
    expect(g.call("errorBlock")).toBe(tree);
  });

  test("a block that is none of the contents", () => {
    const image = buildImage(sampleFiles);
    expect(g.call(open, edge.put(image), image.length / BLOCK_BYTES)).toBe(0);
    const tree = image.length / BLOCK_BYTES - 1;
    for (const block of [0, tree, tree + 1, 1000]) {
      expect([block, g.call("block", block), reason()]).toEqual([block, 0, OUTSIDE]);
      expect([block, words(g, g.call("verify", block))]).toEqual([block, OUTSIDE]);
    }
  });

  test("the reason stays until the next call that looks for something", () => {
    mount(many);
    expect(g.call("pick", 0)).toBe(0);
    expect(g.call("block", many.length)).toBe(0);
    expect(g.call("pick", 100)).toBe(0);
    expect(reason()).toBe(open === "open" ? OUTSIDE : "ok");
    expect(g.call("lookUp", ...ask(defined(paths[0])))).toBe(0);
    expect(reason()).toBe("ok");
  });

  test("the blocks of a file", () => {
    const image = buildImage(sampleFiles);
    mount(image);
    expect(words(g, g.call("blocks", 0, NONE))).toBe("ok");
    const data = Math.floor(g.call("byteOffset") / BLOCK_BYTES);
    expect(words(g, g.call("blocks", sampleFiles.length, NONE))).toBe("entry is outside the index");
    g.call("failAt", data + 1);
    expect(words(g, g.call("blocks", 0, NONE))).toBe(UNREADABLE);
    expect(words(g, g.call("blocks", 0, 1))).toBe("ok");
  });
});

test("a path is below a directory only if it is longer, no matter what follows it", async () => {
  const g = await pkgimgGuest();
  const path = g.put(Buffer.from("a/bc/x"));
  const directory = g.put(Buffer.from("a/bc"));
  expect(g.call("below", path, 6, directory, 4)).toBe(1);
  expect(g.call("below", path, 4, directory, 4)).toBe(0);
  expect(g.call("below", path, 3, directory, 4)).toBe(0);
});
