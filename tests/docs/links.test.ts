// Every link of the documents leads somewhere: to a file or a folder that there is, and to a heading if it names one. And each
// row of the contract has its two.

import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { listFiles } from "../../host/files.ts";
import { root } from "../../host/root.ts";
import { defined } from "../harness/defined.ts";

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "SECURITY.md",
  ...listFiles(root, "docs").filter((file) => file.endsWith(".md")),
];
const CONTRACT = "docs/contract.md";

/** A page without what stands in code, where nothing is a link. */
function proseOf(page: string): string {
  return readFileSync(join(root, page), "utf8")
    .replace(/^(```|~~~)[\s\S]*?^\1/gm, "")
    .replace(/^ {4}.*$/gm, "")
    .replace(/``?[^`\n]*``?(?!\])/g, (code) => code.replace(/[[\]()]/g, " "));
}

/** Where the links of a text lead, in its order. */
function linksOf(text: string): string[] {
  return [...text.matchAll(/\[(?:[^\]]|\\\])*\]\(([^)\s]+)\)/g)].map(([, target]) => defined(target));
}

/** The anchors of a page's headings, as forges make them: lower case, no punctuation, hyphens for spaces. */
function anchorsOf(page: string): Set<string> {
  const text = readFileSync(join(root, page), "utf8").replace(/^```[\s\S]*?^```/gm, "");
  const headings = [...text.matchAll(/^#+ +(.+)$/gm)].map(([, words]) => defined(words));
  return new Set(headings.map((words) => anchorOf(words)));
}

function anchorOf(words: string): string {
  return words
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");
}

/** What is wrong with a link that stands in `page`; undefined if it leads somewhere. */
function problemOf(page: string, link: string): string | undefined {
  if (/^(https?|mailto):/.test(link)) {
    return undefined;
  }
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : normalize(join(dirname(page), decodeURIComponent(path)));
  if (target.startsWith("..")) {
    return `${page}: ${link} leads out of the repository`;
  }
  if (!existsSync(join(root, target))) {
    return `${page}: there is no ${target}`;
  }
  if (anchor === undefined) {
    return undefined;
  }
  if (!target.endsWith(".md")) {
    return `${page}: ${link} names a heading in what is no page`;
  }
  return anchorsOf(target).has(anchor) ? undefined : `${page}: ${target} has no heading #${anchor}`;
}

describe("links of the documents", () => {
  test.each(pages)("%s: each link leads to a file, and to a heading if it names one", (page) => {
    const problems = linksOf(proseOf(page)).map((link) => problemOf(page, link));
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });

  test("the check finds a link that leads nowhere, and one to a missing heading", () => {
    expect(linksOf("see [`a`](b.md), [c](d/e.ts#f) and [x](https://y.z)")).toEqual([
      "b.md",
      "d/e.ts#f",
      "https://y.z",
    ]);
    expect(problemOf("docs/README.md", "nothing.md")).toContain("there is no docs/nothing.md");
    expect(problemOf("docs/README.md", "contract.md#nothing")).toContain("no heading #nothing");
    expect(problemOf("docs/README.md", "../../x")).toContain("out of the repository");
    expect(anchorOf("What is `open`, and why?")).toBe("what-is-open-and-why");
  });
});

describe("the contract", () => {
  const rows = readFileSync(join(root, CONTRACT), "utf8")
    .split("\n")
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.startsWith("|") && !/^\| (asked for|---)/.test(line))
    .map(({ line, number }) => ({ number, cells: line.split("|").slice(1, -1) }));

  test("has a row for everything", () => {
    expect(rows.length).toBeGreaterThan(90);
  });

  test("has three cells in each row: the requirement, its code, its test", () => {
    const wrong = rows.filter(({ cells }) => cells.length !== 3 || cells.some((cell) => cell.trim() === ""));
    expect(wrong.map(({ number }) => number)).toEqual([]);
  });

  test("links each row's code", () => {
    expect(rows.filter(({ cells }) => linksOf(defined(cells[1])).length === 0)).toEqual([]);
  });

  test("links each row's test, and the file is a test", () => {
    const wrong = rows.filter(({ cells }) => {
      const links = linksOf(defined(cells[2]));
      return links.length === 0 || links.some((link) => !/^\.\.\/tests\/.+\.test\.ts$/.test(link));
    });
    expect(wrong).toEqual([]);
  });

  test("links tests that are files, not folders", () => {
    const targets = rows.flatMap(({ cells }) => linksOf(defined(cells[2])));
    const folders = targets.filter((target) => !statSync(join(root, "docs", target)).isFile());
    expect(folders).toEqual([]);
  });

  test("has an invariant's attack for each invariant, in order", () => {
    const attacks = listFiles(root, "tests/attack").filter((file) => file.endsWith(".test.ts"));
    const linked = new Set(rows.flatMap(({ cells }) => linksOf(defined(cells[2]))));
    const unlinked = attacks.filter((file) => !linked.has(`../${file}`));
    expect(unlinked).toEqual([]);
  });
});
