// Finds in a run what a tour speaks of, and goes there.

import type { App } from "../page/app.ts";
import { DOING, TASK } from "../picture/model.ts";
import { CLOCKS_A_SECOND, Doing } from "../protocol/rows.ts";
import { type Setup, usualSetup } from "../protocol/setup.ts";

/** What the guest's shell prints when it waits. */
const PROMPT = "nx> ";
/** The same at the end of the console: the shell clears the rest of the row behind it. */
const PROMPTS = [PROMPT, `${PROMPT}\u001b[K`];

/** Time of the guest after which something that has not come will not come. */
const PATIENCE_CLOCKS = 20 * CLOCKS_A_SECOND;

export const MICROSECOND = CLOCKS_A_SECOND / 1e6;

/** A stretch of a hart's bar. */
export interface Span {
  hart: number;
  clock: number;
  end: number;
}

/** Begins the usual run anew, and stands still when the shell is there. */
export async function freshRun(app: App, setup: Setup = usualSetup): Promise<void> {
  const before = app.runNumber;
  app.start(setup);
  await app.when(() => app.runNumber > before && app.printed.includes(PROMPT));
  app.pause();
  await app.when(() => app.state !== "running");
}

/** Types a command, and stands still when the shell waits again. Gives the clock at which it was typed. */
export async function command(app: App, line: string): Promise<number> {
  const at = app.end;
  const before = app.printed.length;
  app.type(new TextEncoder().encode(`${line}\r`));
  await patiently(
    app,
    () => app.printed.slice(before).includes("\n") && PROMPTS.some((end) => app.printed.endsWith(end)),
  );
  app.pause();
  await app.when(() => app.state !== "running");
  return at;
}

/** Waits for a condition, but not for ever. @throws Error if it does not come */
export async function patiently(app: App, condition: () => boolean): Promise<void> {
  const limit = app.end + PATIENCE_CLOCKS;
  await app.when(() => condition() || app.end > limit);
  if (!condition()) {
    throw new Error("what it waits for did not happen in this run");
  }
}

/** Opens the moment at a clock, in a picture of a stretch around it. */
export async function open(app: App, clock: number, hart: number, from: number, to: number): Promise<void> {
  app.choose(hart);
  app.goTo(clock);
  await app.when(() => app.state !== "running" && app.shownMoment === app.clock && app.clock >= clock);
  look(app, from, to);
}

/** Shows a stretch, and lights it. */
export function look(app: App, from: number, to: number): void {
  app.picture.view.show(Math.max(0, from), Math.min(to, app.end));
  app.picture.paintSoon();
}

export function light(app: App, from: number, to: number): void {
  app.picture.lit = { from, to };
  app.picture.paintSoon();
}

/** When a hart first did anything. */
export function firstOf(app: App, hart: number): number {
  return app.model.harts[hart]?.doing.clock(0) ?? 0;
}

/** The first stretch in user mode of a task, from a clock on. */
export function firstSpan(app: App, name: string, from: number): Span | undefined {
  return spansOf(app, name, from, app.end)[0];
}

/** The last stretch in user mode of a task that begins before a clock. */
export function lastSpan(app: App, name: string, from: number, until: number): Span | undefined {
  return spansOf(app, name, from, until).at(-1);
}

/** All stretches in user mode of a task, on any hart, by their beginnings. An empty name is any task. */
function spansOf({ model, end }: App, name: string, from: number, until: number): Span[] {
  const found = model.harts.flatMap(({ doing }, hart) => {
    const spans: Span[] = [];
    for (let row = Math.max(0, doing.at(from)); row < doing.length && doing.clock(row) < until; row += 1) {
      const isTask = name === "" || model.names.get(doing.field(row, TASK)) === name;
      if (doing.clock(row) >= from && doing.field(row, DOING) === Doing.User && isTask) {
        spans.push({
          hart,
          clock: doing.clock(row),
          end: row + 1 < doing.length ? doing.clock(row + 1) : end,
        });
      }
    }
    return spans;
  });
  return found.sort((one, other) => one.clock - other.clock);
}
