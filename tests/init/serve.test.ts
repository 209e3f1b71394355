// nexus-init as a service: the shell has programs run, hears how they ended, and is refused what cannot be.

import { expect, test } from "vitest";
import { defined } from "../harness/defined.ts";
import {
  End,
  ExitCode,
  FakeEndpoint,
  FakeNotification,
  type FakeTask,
  Role,
} from "../harness/fake-kernel/kernel.ts";
import { Wire } from "../services/packagefsd/wire.ts";
import { boot, gifts, type Options, program, type Run, signalStarter } from "./booting.ts";

/** The shell of a run has `name` run, and leaves when it is answered: with what, and which tasks there were. */
async function runFromShell(name: string, argument: string, options: Options = {}): Promise<[object[], Run]> {
  const wire = await Wire.of("init");
  const answers: object[] = [];
  const run = await boot({
    argument: "nx",
    files: { nx: program(9), other: program(10) },
    ...options,
    behave: {
      ...options.behave,
      nx: (task) => {
        const endpoint = task.given(Role.InitService)?.object;
        if (!(endpoint instanceof FakeEndpoint)) {
          throw new Error("nx cannot ask nexus-init");
        }
        const bytes = wire.encode("InitRunParams", { name, argument });
        const onReply = (answer: Uint8Array): void => {
          answers.push(wire.decode("InitRunResults", answer));
          if (answers.length === 1) {
            endpoint.calls.push({ message, onReply });
          } else {
            task.finish(End.Exit, 0n);
          }
        };
        const message = { badge: 4, w0: wire.method("run"), bytes };
        endpoint.calls.push({ message, onReply });
      },
    },
  });
  return [answers, run];
}

test("nexus-init runs a program for the shell, twice, and answers how it ended; the program gets less than the shell has", async () => {
  const [answers, { tasks, lines, kernel }] = await runFromShell("other", "one two", {
    behave: { other: (task) => task.finish(End.LoadFault, 0x40n) },
  });
  expect(lines).toEqual([]);
  expect(answers).toEqual(Array(2).fill({ status: "ok", cause: End.LoadFault, detail: 0x40n }));
  const other = tasks.filter((task) => task.name === "other");
  expect(other.map((task) => task.startup().argument)).toEqual(["one two", "one two"]);
  expect(gifts(other[0]).map(([role]) => role)).toEqual([
    Role.Console,
    Role.Info,
    Role.PackageService,
    Role.BlockService,
    Role.Job,
  ]);
  // What has ended leaves nothing behind.
  expect([...kernel.slots.values()].filter(({ object }) => other.some((task) => task === object))).toEqual(
    [],
  );
});

test.each([
  ["../nx", "badName", []],
  ["", "badName", []],
  ["missing", "notStarted", Array(2).fill("nexus-init: cannot read pkg://bin/missing (notFound)")],
])("the shell is told that %j does not run: %s", async (name, status, said) => {
  const [answers, { lines, stopped }] = await runFromShell(name, "");
  expect(answers).toEqual(Array(2).fill({ status, cause: 0, detail: 0n }));
  expect(lines).toEqual(said);
  expect(stopped).toMatchObject({ why: "power off" });
});

/** consoled says that Ctrl-C was typed. */
function typeInterrupt(consoled: FakeTask | undefined): void {
  const entry = consoled?.startup().entries.find(({ role }) => role === Role.Foreground);
  const front = entry?.slot?.object;
  if (!entry || !(front instanceof FakeNotification)) {
    throw new Error("consoled has no foreground");
  }
  // Its capability is good for this bit and no other.
  expect(BigInt(defined(entry.slot?.badge))).toBe(entry.base);
  front.bits |= entry.base;
}

test("Ctrl-C ends the program that the shell has run, although it spins; the shell is told, and the next program runs", async () => {
  let runs = 0;
  let consoled: FakeTask | undefined;
  const [answers, { lines }] = await runFromShell("other", "", {
    behave: {
      consoled: (task) => {
        consoled = task;
        signalStarter(task, "ready");
      },
      other: (task) => {
        runs += 1;
        if (runs === 1) {
          typeInterrupt(consoled);
        } else {
          task.finish(End.Exit, 7n);
        }
      },
    },
  });
  expect(lines).toEqual([]);
  expect(answers).toEqual([
    { status: "interrupted", cause: End.Killed, detail: 0n },
    { status: "ok", cause: End.Exit, detail: 7n },
  ]);
});

test("Ctrl-C before a program runs, or just after it has ended by itself, ends nothing", async () => {
  let consoled: FakeTask | undefined;
  const [answers] = await runFromShell("other", "", {
    behave: {
      consoled: (task) => {
        consoled = task;
        signalStarter(task, "ready");
        typeInterrupt(task);
      },
      other: (task) => {
        task.finish(End.Exit, 7n);
        typeInterrupt(consoled);
      },
    },
  });
  expect(answers).toEqual(Array(2).fill({ status: "ok", cause: End.Exit, detail: 7n }));
});

/** The program chaos asks twice for the end of `name`. It leaves when packagefsd has started again, or when it is refused. */
async function endFromChaos(name: string, afterMicroseconds: bigint): Promise<[unknown[], Run]> {
  const wire = await Wire.of("init");
  const answers: unknown[] = [];
  let chaos: FakeTask | undefined;
  let lives = 0;
  const run = await boot({
    argument: "chaos",
    files: { chaos: program(9) },
    behave: {
      chaos: (task) => {
        chaos = task;
        const endpoint = task.given(Role.InitService)?.object;
        if (!(endpoint instanceof FakeEndpoint)) {
          throw new Error("chaos cannot ask nexus-init");
        }
        const bytes = wire.encode("InitKillParams", { name, afterMicroseconds });
        const message = { badge: 4, w0: wire.method("kill"), bytes };
        const onReply = (answer: Uint8Array): void => {
          const { status } = wire.decode("InitKillResults", answer);
          answers.push(status);
          if (answers.length === 1) {
            endpoint.calls.push({ message, onReply });
          } else if (status !== "busy") {
            task.finish(End.Exit, 0n);
          }
        };
        endpoint.calls.push({ message, onReply });
      },
      packagefsd: (task) => {
        signalStarter(task, "ready");
        lives += 1;
        if (lives === 2) {
          chaos?.finish(End.Exit, 0n);
        }
      },
    },
  });
  return [answers, run];
}

test("chaos asks for the end of one service at a time, which ends a moment after the answer", async () => {
  const [answers, { lines, tasks, kernel }] = await endFromChaos("packagefsd", 5_000n);
  expect(answers).toEqual(["ok", "busy"]);
  expect(lines).toEqual(["nexus-init: packagefsd ended: it was killed; started again in 50 ms"]);
  expect(tasks.filter(({ name }) => name === "packagefsd")).toHaveLength(2);
  // Five milliseconds, and the delay of the start after it.
  expect(kernel.time).toBeGreaterThanOrEqual(50_000n + 500_000n);
});

test.each([
  ["nobody", 0n, "badName"],
  ["chaos", 0n, "badName"],
  ["", 0n, "badName"],
  ["packagefsd", 10_000_001n, "tooLong"],
  ["packagefsd", 0xffff_ffff_ffff_ffffn, "tooLong"],
])("chaos is told that %j is not ended after %i microseconds: %s", async (name, after, status) => {
  const [answers, { lines }] = await endFromChaos(name, after);
  expect(answers).toEqual([status, status]);
  expect(lines).toEqual([]);
});

test("nexus-init ends itself when it is asked to", async () => {
  const [, { stopped }] = await endFromChaos("nexus-init", 0n);
  expect(stopped).toMatchObject({ why: "exit", code: ExitCode.AskedToEnd });
});
