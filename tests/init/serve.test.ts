// nexus-init as a service: the shell has programs run, hears how they ended, and is refused what cannot be.

import { expect, test } from "vitest";
import { End, FakeEndpoint, Role } from "../runtime/fake-kernel.ts";
import { Wire } from "../services/packagefsd/wire.ts";
import { boot, gifts, type Options, program, type Run } from "./booting.ts";

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
        if (!(endpoint instanceof FakeEndpoint)) throw new Error("nx cannot ask nexus-init");
        const bytes = wire.encode("InitRunParams", { name, argument });
        const onReply = (answer: Uint8Array): void => {
          answers.push(wire.decode("InitRunResults", answer));
          if (answers.length === 1) endpoint.calls.push({ message, onReply });
          else task.finish(End.Exit, 0n);
        };
        const message = { badge: 4, w0: wire.method("run"), bytes, vmo: undefined };
        endpoint.calls.push({ message, onReply });
      },
    },
  });
  return [answers, run];
}

test("the shell has a program run, twice, and hears how it ended; it is given less than the shell", async () => {
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
