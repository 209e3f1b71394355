// The shell at the console: one that faults or is killed comes back, one that leaves does not.

import { expect, test } from "vitest";
import { End, FakeEndpoint, type FakeTask, Role } from "../harness/fake-kernel/kernel.ts";
import { Wire } from "../services/packagefsd/wire.ts";
import { boot, gifts, program, type Run } from "./booting.ts";

/** A run whose shell ends in these ways, one life after another; it leaves when the list is over. */
function shells(argument: string, ends: readonly ((task: FakeTask) => void)[]): Promise<Run> {
  const left = [...ends];
  return boot({
    argument,
    files: { nx: program(9) },
    behave: { nx: (task) => (left.shift() ?? leave)(task) },
  });
}

const leave = (task: FakeTask): void => task.finish(End.Exit, 0n);
const kill = (task: FakeTask): void => task.finish(End.Killed, 0n);
const fault = (task: FakeTask): void => task.finish(End.LoadFault, 0x40n);

test("a shell that is killed or faults comes back, with all that it had, until it leaves", async () => {
  const { tasks, lines } = await shells("nx", [kill, fault]);
  expect(lines).toEqual([
    "nexus-init: nx ended: it was killed; started again in 50 ms",
    "nexus-init: nx ended: it read where it may not, at 0x40; started again in 100 ms",
  ]);
  const lives = tasks.filter((task) => task.name === "nx");
  expect(lives).toHaveLength(3);
  expect(gifts(lives[2])).toEqual(gifts(lives[0]));
});

test.each([
  ["leaves with a code", "nx", (task: FakeTask) => task.finish(End.Exit, 1n), "exit code 1(Failed)"],
  ["was started with a command", "nx ls", kill, "it was killed"],
])("a shell that %s does not come back", async (_what, argument, end, how) => {
  const { tasks, lines } = await shells(argument, [end]);
  expect(lines).toEqual([`nexus-init: nx ended: ${how}`]);
  expect(tasks.filter((task) => task.name === "nx")).toHaveLength(1);
});

test("a shell that falls at once, again and again, is the end of the run", async () => {
  const { tasks, lines } = await shells("nx", Array(20).fill(kill));
  expect(tasks.filter((task) => task.name === "nx")).toHaveLength(9);
  expect(lines.at(-1)).toBe("nexus-init: nx ended: it was killed");
});

test("the program that a killed shell ran is ended, and the next life may run another", async () => {
  const wire = await Wire.of("init");
  const answers: object[] = [];
  const shellLives: FakeTask[] = [];
  const others: FakeTask[] = [];
  await boot({
    argument: "nx",
    files: { nx: program(9), other: program(10) },
    behave: {
      nx: (task) => {
        shellLives.push(task);
        const endpoint = task.given(Role.InitService)?.object;
        if (!(endpoint instanceof FakeEndpoint)) {
          throw new Error("nx cannot ask nexus-init");
        }
        const bytes = wire.encode("InitRunParams", { name: "other", argument: "" });
        const onReply = (answer: Uint8Array): void => {
          answers.push(wire.decode("InitRunResults", answer));
          if (task.state === "alive") {
            leave(task);
          }
        };
        endpoint.calls.push({ message: { badge: 4, w0: wire.method("run"), bytes }, onReply });
      },
      // The first one runs for as long as it is let.
      other: (task) => {
        others.push(task);
        if (shellLives.length === 1) {
          shellLives.forEach(kill);
        } else {
          leave(task);
        }
      },
    },
  });
  expect(shellLives.map((task) => task.end)).toEqual([End.Killed, End.Exit]);
  expect(others.map((task) => task.end)).toEqual([End.Killed, End.Exit]);
  // The fake kernel answers the first life as well, which is not there any more.
  expect(answers).toEqual([
    { status: "ok", cause: End.Killed, detail: 0n },
    { status: "ok", cause: End.Exit, detail: 0n },
  ]);
});
