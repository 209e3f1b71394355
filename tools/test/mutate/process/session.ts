// Stands in for vitest in the worker: test files register their tests here, and each can be run by itself, in the same
// process, as often as there are mutants. `expect` is vitest's own.

import { format } from "node:util";
import { offer } from "./kept.ts";

export { expect } from "vitest";

type Work = (...args: never[]) => unknown;
type Hook = () => unknown;
type HookName = "beforeAll" | "beforeEach" | "afterEach" | "afterAll";

interface Suite {
  readonly name: string;
  readonly parent: Suite | undefined;
  readonly hooks: Record<HookName, Hook[]>;
}

interface Case {
  readonly name: string;
  readonly suite: Suite;
  readonly run: Hook;
}

function suiteIn(parent: Suite | undefined, name: string): Suite {
  return { name, parent, hooks: { beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] } };
}

const cases: Case[] = [];
let current = suiteIn(undefined, "");

async function runTest(name: string): Promise<void> {
  const found = cases.find((one) => one.name === name);
  if (found === undefined) {
    throw new Error(`there is no test ${name}`);
  }
  const suites: Suite[] = [];
  for (let suite: Suite | undefined = found.suite; suite !== undefined; suite = suite.parent) {
    suites.unshift(suite);
  }
  const cleanups: unknown[] = [];
  const runHooks = async (hooks: HookName, order: readonly Suite[]): Promise<void> => {
    for (const hook of order.flatMap((suite) => suite.hooks[hooks])) {
      cleanups.unshift(await hook());
    }
  };
  const inside = [...suites].reverse();
  try {
    await runHooks("beforeAll", suites);
    await runHooks("beforeEach", suites);
    await found.run();
    await runHooks("afterEach", inside);
    await runHooks("afterAll", inside);
  } finally {
    for (const cleanup of cleanups) {
      if (typeof cleanup === "function") {
        await cleanup();
      }
    }
  }
}

function hook(name: HookName): (work: Hook) => void {
  return (work) => {
    current.hooks[name].push(work);
  };
}

export const beforeAll = hook("beforeAll");
export const beforeEach = hook("beforeEach");
export const afterEach = hook("afterEach");
export const afterAll = hook("afterAll");

function addTest(name: string, run: Hook): void {
  const path: string[] = [name];
  for (
    let suite: Suite | undefined = current;
    suite !== undefined && suite.name !== "";
    suite = suite.parent
  ) {
    path.unshift(suite.name);
  }
  const whole = path.join(" > ");
  const sameName = cases.filter((one) => one.name.replace(/ \(\d+\)$/, "") === whole).length;
  cases.push({ name: sameName === 0 ? whole : `${whole} (${sameName + 1})`, suite: current, run });
}

function addSuite(name: string, define: Hook): void {
  const outer = current;
  current = suiteIn(outer, name);
  try {
    define();
  } finally {
    current = outer;
  }
}

/** What `.each`, `.skipIf` and the like do, for tests and for suites. */
function registrar(add: (name: string, work: Hook) => void) {
  const each = (rows: readonly unknown[]) => (name: string, work: Work) => {
    for (const row of rows) {
      const args: readonly unknown[] = Array.isArray(row) ? row : [row];
      add(nameFor(name, args), () => Reflect.apply(work, undefined, args));
    }
  };
  const skipped = Object.assign((): void => {}, { each: () => (): void => {} });
  const active = Object.assign((name: string, work: Hook): void => add(name, work), { each });
  const skipIf = (condition: unknown) => (condition ? skipped : active);
  const runIf = (condition: unknown) => (condition ? active : skipped);
  return Object.assign(active, { skip: skipped, skipIf, runIf });
}

/** A row's values in a name: %s and the like, or $member. */
function nameFor(name: string, args: readonly unknown[]): string {
  const [first] = args;
  const named = name.replace(/\$(\w+)/g, (whole, member: string) => {
    const found: unknown =
      typeof first === "object" && first !== null ? Reflect.get(first, member) : undefined;
    return found === undefined ? whole : String(found);
  });
  const places = named.match(/%[sdifjoO]/g)?.length ?? 0;
  return places === 0 ? named : format(named, ...args.slice(0, places));
}

offer({ names: () => cases.map(({ name }) => name), run: runTest });

export const test = registrar(addTest);
export const it = test;
export const describe = registrar(addSuite);
