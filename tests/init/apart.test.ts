// A program whose output is kept apart: it prints with a badge from the run's random number, nexus-init says how it ended
// with another, and what it is given is what a program is given and the keyboard.

import { expect, test } from "vitest";
import { Topic } from "../harness/abi.ts";
import {
  End,
  FakeEndpoint,
  type FakeKernel,
  type FakeTask,
  Right,
  Role,
  Syscall,
} from "../harness/fake-kernel/kernel.ts";
import { Wire } from "../services/packagefsd/wire.ts";
import { boot, gifts, named, program } from "./booting.ts";

const NONCE_LOW = 0x8877_6655_4433_2211n;
const OUTPUT_BADGE = 0x4433_2211;

/** The run's random number. */
function prepare(kernel: FakeKernel): void {
  kernel.extra.set(Syscall.Information, ([, topic]) => {
    if (topic !== BigInt(Topic.Nonce)) {
      return undefined;
    }
    kernel.setResults(NONCE_LOW, 1n);
    return 0;
  });
}

const files = { nx: program(9), other: program(10) };

test("it prints with its badge, reads what is typed, and its end is told", async () => {
  const { lines, tasks } = await boot({
    argument: "@other a word",
    files,
    prepare,
    behave: { other: (task) => task.finish(End.Exit, 7n) },
  });
  expect(gifts(named(tasks, "other"))).toEqual([
    [Role.Console, Right.Write, OUTPUT_BADGE],
    [Role.Info, Right.Read, 0],
    [Role.PackageService, Right.Send, 4],
    [Role.BlockService, Right.Send, 4],
    [Role.Job, Right.Manage, 0],
    [Role.ConsoleService, Right.Send, 4],
  ]);
  expect(named(tasks, "other")?.startup().argument).toBe("a word");
  expect(lines).toEqual(["exit code 7(its own)", "nexus-init: other ended: exit code 7(its own)"]);
});

test("a program that is not kept apart has no badge and no keyboard, and its end is told only if it failed", async () => {
  const { lines, tasks } = await boot({ argument: "other", files, prepare });
  expect(gifts(named(tasks, "other")).map(([role, , badge]) => [role, badge])).not.toContainEqual([
    Role.ConsoleService,
    expect.anything(),
  ]);
  expect(gifts(named(tasks, "other"))[0]).toEqual([Role.Console, Right.Write, 0]);
  expect(lines).toEqual([]);
});

test("what a shell runs that is kept apart prints where the shell prints", async () => {
  const wire = await Wire.of("init");
  const { tasks } = await boot({
    argument: "@nx",
    files,
    prepare,
    behave: {
      nx: (task: FakeTask) => {
        const endpoint = task.given(Role.InitService)?.object;
        if (!(endpoint instanceof FakeEndpoint)) {
          throw new Error("nx cannot ask nexus-init");
        }
        const bytes = wire.encode("InitRunParams", { name: "other", argument: "" });
        endpoint.calls.push({
          message: { badge: 4, w0: wire.method("run"), bytes },
          onReply: () => task.finish(End.Exit, 0n),
        });
      },
    },
  });
  expect(gifts(named(tasks, "other"))[0]).toEqual([Role.Console, Right.Write, OUTPUT_BADGE]);
});
