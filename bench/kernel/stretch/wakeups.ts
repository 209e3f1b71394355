// How late a driver runs beside tasks that keep every hart busy: from the moment at which its device raises the interrupt to the
// first instruction of the driver, in instructions of the hart that runs it.
//
// The device is the UART, to which the host sends a byte at a drawn moment, and the driver is consoled. The busy tasks are those of
// "attacker delays", one for each hart: they call, take large memory, map it, or hop from hart to hart. No program can make a
// task more urgent than itself. So the host writes the class of these tasks into the kernel's memory: it shows what each class
// could do.

import { Event } from "../../../build/gen/host/machine/core/trace.ts";
import { Class } from "../../../build/gen/host/source/abi/task.ts";
import { Problem } from "../../../host/problem.ts";
import type { Run } from "../../../machine/host/run.ts";
import { atMost, makeRow, type Row } from "../../row.ts";
import { TURN } from "../harts/parallel.ts";
import { CLOCK_MAX, type Subject, startRun } from "../run.ts";
import { STRETCH_MAX } from "./measure.ts";
import { nameOf, type Offsets, readOffsets, runningTask } from "./offsets.ts";

const HARTS = 4;
const DRIVER = "consoled";
const BUSY = "attackers-child";
/** Interrupts that are measured beside each kind of busy tasks. */
const INTERRUPTS = 30;
const BYTE = 0x78;
/** Between two of them, at least and at most, on the machine's clock: some milliseconds, and no part of a tick. */
const GAP_LEAST = 400_003n;
const GAP_MORE = 700_001n;
/** From the line that the attack begins with until all of its tasks run: more than it takes to make them. */
const SETTLE = 20_000_000n;

/** The lines behind which the attacker makes tasks that call, take large memory, map it, and hop. */
const kinds: readonly string[] = [
  "attack: disk read alone",
  "attack: lateness beside callers",
  "attack: lateness beside tasks that take large memory",
  "attack: lateness beside tasks that map large memory",
];

/**
 * The classes that the busy tasks get, and how late the driver may be: after the longest stretch of the kernel with interrupts
 * off, and the way from the interrupt to the driver; beside drivers, after one tick of the scheduler.
 */
const BOUND = STRETCH_MAX + 2_000;
const TICK_OF_A_HART = 800_000;
const classes: readonly (readonly [taskClass: Class, name: string, most: number])[] = [
  [Class.Background, "background tasks", BOUND],
  [Class.App, "apps", BOUND],
  [Class.Service, "services", BOUND],
  [Class.Driver, "drivers", TICK_OF_A_HART + BOUND],
];

/** One row for each class of busy tasks: the latest of all. */
export async function measureWakeUps(subject: Subject): Promise<Row[]> {
  const offsets = await readOffsets();
  const run = startRun(subject, HARTS, "attacker delays");
  run.machine.core.setTurns(TURN);
  const found = kinds.map((after) => {
    run.listen(undefined);
    advanceBehind(run, after);
    const moment = run.moment();
    const latest = classes.map(([taskClass]) => {
      run.goTo(moment);
      return latestBeside(run, offsets, taskClass);
    });
    run.goTo(moment);
    return latest;
  });
  return classes.map(([, name, most], index) =>
    makeRow({
      part: "kernel",
      name: `a driver runs after its interrupt, ${name} on all harts`,
      measured: Math.max(...found.map((latest) => latest[index] ?? 0)),
      unit: "instructions, the latest",
      target: atMost(most),
      budget: most,
    }),
  );
}

/** Goes on until the attacker begins with the figure behind this line. */
function advanceBehind(run: Run, line: string): void {
  let text = "";
  run.onByte = (byte) => {
    text += String.fromCharCode(byte);
    if (text.endsWith(`${line} = `)) {
      run.askForStop();
    }
    return false;
  };
  if (run.advanceTo(CLOCK_MAX) !== "stopped") {
    throw new Problem(`the attacker did not come to "${line}"`);
  }
  run.onByte = undefined;
}

/** The latest that the driver ran beside the tasks that are busy now, when these are of `taskClass`. */
function latestBeside(run: Run, offsets: Offsets, taskClass: Class): number {
  let ranOn: number | undefined;
  run.listen(({ kind, hart }) => {
    if (kind !== Event.Return) {
      return;
    }
    const task = runningTask(run, hart, offsets);
    const name = nameOf(run, task, offsets);
    if (name === BUSY) {
      setClass(run, task, taskClass, offsets);
    } else if (name === DRIVER) {
      ranOn = hart;
      run.askForStop();
    }
  });
  advance(run, SETTLE);
  let most = 0;
  for (let i = 0; i < INTERRUPTS; i++) {
    advance(run, GAP_LEAST + ((BigInt(i) * 7_919_003n) % GAP_MORE));
    ranOn = undefined;
    const before = retired(run);
    if (!run.input(BYTE)) {
      throw new Problem("the driver leaves what is typed");
    }
    if (run.advanceTo(CLOCK_MAX) !== "stopped" || ranOn === undefined) {
      throw new Problem("the driver does not run after its interrupt");
    }
    most = Math.max(most, (retired(run)[ranOn] ?? 0) - (before[ranOn] ?? 0));
  }
  return most;
}

/** So far, whatever the driver does meanwhile. */
function advance(run: Run, clock: bigint): void {
  const until = run.clock + clock;
  while (run.advanceTo(until) === "stopped") {}
}

function retired({ machine }: Run): number[] {
  return Array.from({ length: HARTS }, (_, hart) => Number(machine.core.hartRetired(hart)));
}

/** The task runs: so it is in no queue of its old class. */
function setClass({ machine }: Run, task: number, taskClass: Class, offsets: Offsets): void {
  const word = new Uint8Array(Uint32Array.of(taskClass).buffer);
  machine.writeMemory(task + offsets.ownClass, word);
  machine.writeMemory(task + offsets.taskClass, word);
}
