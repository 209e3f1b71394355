// The supply chain: every package has a hash and an allowed licence, the page that lists them is up to date, and npm
// makes a bill of materials of the same packages.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { list, object, readJson, text } from "../../../host/json.ts";
import { root } from "../../../host/root.ts";
import { complaintsAbout, dependencyPage, PAGE, readLock } from "../../../tools/licences/dependencies.ts";

const bill = object({ bomFormat: text, components: list(object({ name: text, version: text })) });
const npm = (...words: string[]) => spawnSync("npm", words, { cwd: root, encoding: "utf8" });
const hasSbom = npm("sbom", "--help").stdout.includes("cyclonedx");

test("every package of the lockfile has a hash, comes from the registry, and has an allowed licence", () => {
  expect(complaintsAbout(readLock())).toEqual([]);
});

test("a package without a hash, from elsewhere or with another licence is named", () => {
  const good = {
    version: "1.0.0",
    integrity: "sha512-x",
    resolved: "https://registry.npmjs.org/a",
    license: "MIT",
  };
  const wrong = (change: object): string[] =>
    complaintsAbout(new Map([["node_modules/@a/b", { ...good, ...change }]]));
  expect(wrong({})).toEqual([]);
  expect(wrong({ integrity: undefined })).toEqual(["@a/b has no SHA-512 in the lockfile"]);
  expect(wrong({ resolved: "git+ssh://a" })).toHaveLength(1);
  expect(wrong({ license: "GPL-3.0" })).toEqual(["@a/b has the licence GPL-3.0, which is not allowed"]);
});

test(`${PAGE} is what ./nx licences --write makes, and says what each package is for`, () => {
  const page = dependencyPage(readLock());
  expect(readFileSync(join(root, PAGE), "utf8")).toBe(page);
  expect(page).not.toContain("unknown");
});

test.skipIf(!hasSbom)("npm sbom lists packages of the lockfile, in their versions", () => {
  const { stdout } = npm("sbom", "--sbom-format", "cyclonedx");
  const { bomFormat, components } = readJson(stdout, "the bill of materials", bill);
  expect(bomFormat).toBe("CycloneDX");
  const locked = readLock();
  const others = components.filter(
    ({ name, version }) => locked.get(`node_modules/${name}`)?.version !== version,
  );
  expect(others).toEqual([]);
  expect(components.length).toBeGreaterThan(40);
});
