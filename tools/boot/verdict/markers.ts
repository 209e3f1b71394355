// The marker contract as data: scripts/qemu-test.markers, read and laid out for one run.
//
// The one idea: a rung of the file becomes one or more markers of the run: `hart{*} online` on three harts is
// three markers, each with a pattern for the console line and the list of markers that have to come first. The ladder
// (ladder.ts) then only ticks them off. The file's comment explains its language.

import { Problem } from "../../../host/problem.ts";

/** The path of the contract, from the root of the repository. */
export const MARKERS_FILE = "scripts/qemu-test.markers";

/** The kind of a run: it decides which sections the run owes, and how many harts a `{*}` means. */
export interface RunKind {
  smp: number;
  profile: string;
  disk: boolean;
  /** What the guest starts: `selftest-client`, `nx hw smp`, … */
  run: string;
}

/** One line that a run owes. */
export interface Marker {
  /** The rung's name in the file. */
  rung: string;
  /** The line for a person: `neuron: hart2 online`. */
  text: string;
  /** Matches the whole console line, and captures harts that are left open (`{?}`). */
  pattern: RegExp;
  /** The harts that it is about, if they are known before the line is seen. */
  harts: number[];
  /** True if the line may come again (it carries a value, or is about any hart). */
  repeats: boolean;
  /** Rungs that have to be complete before this one, for the same harts. */
  after: string[];
}

interface Rung {
  name: string;
  after: string[];
  template: string;
  when: Map<string, string>;
  line: number;
}

const PLACEHOLDERS: Record<string, string> = {
  "{number}": "[0-9]+",
  "{hex}": "[0-9a-fA-F]+",
  "{text}": ".*",
  "{sha256}": "[0-9a-f]{64}",
};

/** The markers that a run of this kind owes, in the order of the file. Throws Problem if the file is wrong. */
export function markersOf(text: string, kind: RunKind): Marker[] {
  const rungs = parseRungs(text);
  const known = new Set(rungs.map((rung) => rung.name));
  const markers: Marker[] = [];
  const lineOf = new Map<string, number>();
  for (const rung of rungs) {
    const unknown = rung.after.find((name) => !known.has(name));
    if (unknown !== undefined) {
      throw fileProblem(rung.line, `${rung.name} waits for ${unknown}, which is no rung`);
    }
    if (!isOwed(rung, kind)) {
      continue;
    }
    const other = lineOf.get(rung.name);
    if (other !== undefined) {
      throw fileProblem(rung.line, `${rung.name} is owed twice, here and in line ${other}`);
    }
    lineOf.set(rung.name, rung.line);
    markers.push(...expand(rung, kind));
  }
  return markers;
}

function parseRungs(text: string): Rung[] {
  const rungs: Rung[] = [];
  let when = new Map<string, string>();
  text.split("\n").forEach((raw, index) => {
    const content = raw.trim();
    if (content === "" || content.startsWith("#")) {
      return;
    }
    if (content.startsWith("[")) {
      when = parseSection(content, index + 1);
      return;
    }
    const columns = /^(\S+)\s{2,}(\S+(?: \S+)*)\s{2,}(\S.*)$/.exec(content);
    if (columns === null) {
      throw fileProblem(index + 1, "a line is a name, the rungs before it, and a text, two spaces apart");
    }
    const [, name = "", after = "", template = ""] = columns;
    rungs.push({ name, after: after === "-" ? [] : after.split(" "), template, when, line: index + 1 });
  });
  return rungs;
}

/** `[always]` or `[when key=value; key=value]`. */
function parseSection(header: string, line: number): Map<string, string> {
  if (header === "[always]") {
    return new Map();
  }
  const conditions = /^\[when (.+)\]$/.exec(header)?.[1];
  if (conditions === undefined) {
    throw fileProblem(line, `"${header}" is neither [always] nor [when key=value]`);
  }
  const when = new Map<string, string>();
  for (const condition of conditions.split(";")) {
    const [key = "", value] = condition.trim().split("=");
    if (value === undefined || !["profile", "disk", "run"].includes(key)) {
      throw fileProblem(line, `"${condition.trim()}" is not a condition on profile, disk or run`);
    }
    when.set(key, value);
  }
  return when;
}

function isOwed(rung: Rung, kind: RunKind): boolean {
  const facts = new Map([
    ["profile", kind.profile],
    ["disk", kind.disk ? "yes" : "no"],
    ["run", kind.run],
  ]);
  return [...rung.when].every(([key, value]) => facts.get(key) === value);
}

/** One marker for each choice of harts that the template's `{*}` stand for. */
function expand(rung: Rung, kind: RunKind): Marker[] {
  const stars = rung.template.split("{*}").length - 1;
  if (stars > 2) {
    throw fileProblem(rung.line, "more than two {*} in one text");
  }
  // A machine that has only one hart does not owe a line about two, whether they are given or open.
  const open = rung.template.split("{?}").length - 1;
  if (kind.smp < stars + open && stars + open > 1) {
    return [];
  }
  return hartChoices(stars, kind.smp).map((harts) => instance(rung, kind, harts));
}

function hartChoices(stars: number, smp: number): number[][] {
  const all = Array.from({ length: smp }, (_, hart) => hart);
  if (stars === 0) {
    return [[]];
  }
  if (stars === 1) {
    return all.map((hart) => [hart]);
  }
  return all.flatMap((from) => all.filter((to) => to !== from).map((to) => [from, to]));
}

function instance(rung: Rung, kind: RunKind, harts: number[]): Marker {
  let star = 0;
  const text = rung.template.replaceAll("{smp}", String(kind.smp)).replaceAll("{*}", () => {
    star += 1;
    return String(harts[star - 1]);
  });
  const parts = text.split(/(\{[a-z0-9?]+\})/);
  const pattern = parts.map((part, index) =>
    index % 2 === 1 ? placeholder(rung, kind, part) : literal(part),
  );
  return {
    rung: rung.name,
    text: parts.map((part, index) => (index % 2 === 1 ? "…" : part)).join(""),
    pattern: new RegExp(`^${pattern.join("")}$`),
    harts,
    repeats: parts.length > 1,
    after: rung.after,
  };
}

function placeholder(rung: Rung, kind: RunKind, name: string): string {
  if (name === "{?}") {
    return `([0-${kind.smp - 1}])`;
  }
  const pattern = PLACEHOLDERS[name];
  if (pattern === undefined) {
    throw fileProblem(rung.line, `${name} is not a pattern`);
  }
  return pattern;
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function fileProblem(line: number, message: string): Problem {
  const place = { file: MARKERS_FILE, line, column: 1 };
  return new Problem(`the marker contract cannot be read: ${message}`, {
    subject: `${MARKERS_FILE}:${line}`,
    diagnostics: [{ severity: "error", message, place }],
  });
}
