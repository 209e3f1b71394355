// A person at the console who ends the shell, again and again: at its prompt, while it answers, while it runs a program. Each
// next life has to show a file, byte by byte, and at the end as much memory has to be free as before.
//
// What is typed follows from what was shown and from the clock, so on the embedded machine a run can be repeated.

import type { BuildOutputs } from "../../toolchain/compile.ts";
import type { Person } from "../../tools/boot/interactive.ts";
import { qemuMachine } from "../../tools/boot/machines/qemu.ts";
import { bootOnce, SHELL_RUN } from "../../tools/boot/run.ts";
import { filesOf } from "../../tools/boot/session.ts";
import { type Subject, startRun } from "../kernel/run.ts";
import { CLOCK_PER_MILLISECOND, CLOCK_PER_ROUND_MAX, chanceOf, type Plan, requestOf } from "./runs.ts";
import { endsOf, type Story, type TimedLine } from "./story.ts";

const PROMPT = "nx> ";
const GREETING = "nx: shell (";
const HELLO = "Hello from the package file system.\r\n";

/** What the shell does while its end comes. */
const tasks = ["", "ls fixtures", "cat fixtures/lines.txt", "run nx ls", "ps", "hw dt"] as const;
/** A shell is ended at most so many milliseconds after it was asked for. */
const DELAY_MILLISECONDS_MAX = 20;
/** From the greeting until the shell surely reads, in milliseconds. */
const READING_MILLISECONDS = 200;
/** Between two ends, in milliseconds: nexus-init gives up what falls nine times in ten seconds. */
const PAUSE_MILLISECONDS = 1100;
/** packagefsd keeps the memory of its last eight clients. It is full before memory is measured. */
export const WARM_UP_ROUNDS = 10;

/** What is typed, and what the console shows then; or a time in which nothing is typed. */
type Step = { type: string; until: string } | { pause: number };

function* session({ rounds, seed }: Plan): Generator<Step, string | undefined, string> {
  yield { type: "", until: PROMPT };
  let before = 0;
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
    if (round === WARM_UP_ROUNDS) {
      before = yield* pagesInUse();
    }
    const task = tasks[round % tasks.length] ?? "";
    const delay = (Number(seed) * 7 + round * 13) % DELAY_MILLISECONDS_MAX;
    yield { type: `kill nx ${delay}\r${task}\r`, until: GREETING };
    // What is typed before the next life reads belongs to the line of the last one.
    yield { pause: READING_MILLISECONDS };
    yield { type: "cat fixtures/hello.txt\r", until: HELLO };
    yield { pause: PAUSE_MILLISECONDS };
  }
  const after = yield* pagesInUse();
  return after > before ? `${before} pages were in use before, ${after} after` : undefined;
}

/** What `jobs` says of all programs together. */
function* pagesInUse(): Generator<Step, number, string> {
  const shown = yield { type: "jobs\r", until: "packagefsd" };
  const pages = /\(all\) +- +(\d+)\//.exec(shown)?.[1];
  if (pages === undefined) {
    throw new Error(`jobs does not say how many pages are in use: ${shown}`);
  }
  return Number(pages);
}

/** The person: is told what is shown, and says what to type. */
export class ShellEnder {
  private readonly script: Generator<Step, string | undefined, string>;
  private step: Step | undefined;
  private stepBegan = 0;
  /** What was shown since the step began. */
  private shown = "";
  private line = "";
  private readonly lines: TimedLine[] = [];
  private problem: string | undefined = "it did not come to its end";

  constructor(plan: Plan) {
    this.script = session(plan);
    this.goOn(0);
  }

  /** The console has shown `text` by `at`, in milliseconds. Returns what is typed now. */
  hear(text: string, at: number): string {
    this.shown += text;
    const lines = (this.line + text).split("\n");
    this.line = lines.pop() ?? "";
    this.lines.push(...lines.map((line) => ({ text: line.trimEnd(), at })));
    return this.isMet(at) ? this.goOn(at) : "";
  }

  get isDone(): boolean {
    return this.step === undefined;
  }

  get story(): Story {
    return { ...endsOf(this.lines), problem: this.problem };
  }

  private isMet(at: number): boolean {
    if (this.step === undefined) {
      return false;
    }
    return "until" in this.step
      ? this.shown.includes(this.step.until)
      : at - this.stepBegan >= this.step.pause;
  }

  /** The next step. Returns what it types. */
  private goOn(at: number): string {
    const next = this.script.next(this.shown);
    this.shown = "";
    this.stepBegan = at;
    if (next.done) {
      this.step = undefined;
      this.problem = next.value;
      return "";
    }
    this.step = next.value;
    return "type" in this.step ? this.step.type : "";
  }
}

/** Instructions between two looks at the console. */
const SLICE = 1_000_000n;

/** @param isHostile with every kind of chaos that the machine knows */
export function endShellOnMachine(subject: Subject, plan: Plan, isHostile: boolean): Story {
  const run = startRun(subject, plan.harts, "nx", chanceOf(plan, isHostile));
  const person = new ShellEnder(plan);
  const typed: number[] = [];
  const limit = BigInt(WARM_UP_ROUNDS + plan.rounds) * CLOCK_PER_ROUND_MAX;
  while (!person.isDone && run.clock < limit && run.advanceTo(run.clock + SLICE) === "running") {
    const shown = new TextDecoder("latin1").decode(run.newBytes());
    typed.push(...Buffer.from(person.hear(shown, Number(run.clock) / CLOCK_PER_MILLISECOND)));
    while (typed[0] !== undefined && run.input(typed[0])) {
      typed.shift();
    }
  }
  return person.story;
}

/** How often the person looks at the clock, in milliseconds. */
const LOOK_MILLISECONDS = 20;

export async function endShellOnQemu(outputs: BuildOutputs, disk: string, plan: Plan): Promise<Story> {
  const ender = new ShellEnder(plan);
  const began = Date.now();
  let timer: NodeJS.Timeout | undefined;
  let early = "";
  const person: Person = {
    show: (bytes) => {
      early += Buffer.from(bytes).toString("latin1");
    },
    attach: (send, leave) => {
      timer = setInterval(() => {
        const shown = early;
        early = "";
        const typed = ender.hear(shown, Date.now() - began);
        if (typed !== "") {
          send(Buffer.from(typed));
        }
        if (ender.isDone) {
          leave();
        }
      }, LOOK_MILLISECONDS);
    },
    handOver: () => {},
    close: () => clearInterval(timer),
  };
  await bootOnce(
    qemuMachine(),
    filesOf(outputs),
    { ...requestOf(plan, disk), run: SHELL_RUN, person },
    () => {},
  );
  const { longest: _, ...story } = ender.story;
  return { ...story, longest: undefined };
}
