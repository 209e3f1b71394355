// A service that falls while the programs run: it is started again with the endpoint and the capabilities that it had,
// nexus-init goes on, and one that falls too often is given up.

import { expect, test } from "vitest";
import { defined } from "../harness/defined.ts";
import {
  Audit,
  End,
  type FakeKernel,
  type FakeTask,
  Refusal,
  Right,
  Role,
  Syscall,
} from "../harness/fake-kernel/kernel.ts";
import { pattern } from "../runtime/elf.ts";
import { boot, gifts, type Options, program, type Run, signalStarter } from "./booting.ts";

/** The lives of a service, in order. */
function lives(run: Run, name: string): FakeTask[] {
  return run.tasks.filter((task) => task.name === name);
}

/** The attempts that stand in the audit trail for a service. */
function audited(kernel: FakeKernel, name: string): bigint[] {
  const word = Buffer.from(name.padEnd(8, "\0")).readBigUInt64LE(0);
  return kernel.made
    .filter(
      ({ number, a }) =>
        number === Syscall.AuditWrite && a[1] === BigInt(Audit.ServiceRestarted) && a[2] === word,
    )
    .map(({ a }) => defined(a[3]));
}

/**
 * A run in which `name` falls as soon as the program runs, and again in each of its next lives for as long as `falls`
 * lasts; then it serves, and the program leaves.
 */
function falling(
  name: string,
  falls: number,
  how: (task: FakeTask) => void,
  options: Options = {},
): Promise<Run> {
  let count = 0;
  let first: FakeTask | undefined;
  let client: FakeTask | undefined;
  return boot({
    ...options,
    behave: {
      ...options.behave,
      [name]: (task) => {
        first ??= task;
        if (task === first) {
          return signalStarter(task, "ready");
        }
        count += 1;
        if (count < falls) {
          return how(task);
        }
        signalStarter(task, "ready");
        client?.finish(End.Exit, 0n);
      },
      "selftest-client": (task) => {
        client = task;
        if (first) {
          how(first);
        }
      },
    },
  });
}

const isKilled = (task: FakeTask): void => task.finish(End.Killed, 0n);

test.each(["consoled", "virtioblkd", "packagefsd"])(
  "%s is started again with the same program and capabilities",
  async (name) => {
    const run = await falling(name, 1, isKilled);
    const [before, after, ...more] = lives(run, name);
    expect(more).toEqual([]);
    expect(gifts(after)).toEqual(gifts(before));
    expect(after?.at(0x1_0000, 700)).toEqual(before?.at(0x1_0000, 700));
    expect(after?.given(Role.Serve)?.object).toBe(before?.given(Role.Serve)?.object);
    for (const role of [Role.VirtioDevice, Role.Fixtures, Role.BlockService, Role.Memory]) {
      expect(after?.given(role)?.object).toBe(before?.given(role)?.object);
    }
    const instances = [before, after].map(
      (task) => task?.startup().entries.find(({ role }) => role === Role.Starter)?.instance,
    );
    expect(instances).toEqual([0, 1]);
    expect(run.lines).toEqual([`nexus-init: ${name} ended: it was killed; started again in 50 ms`]);
    expect(audited(run.kernel, name)).toEqual([1n]);
    // What has ended leaves nothing behind.
    const kept = [...run.kernel.slots.values()].map(({ object }) => object);
    expect(kept).not.toContain(before);
  },
);

test.each([
  [
    "it faulted",
    (task: FakeTask) => task.finish(End.LoadFault, 0x40n),
    "ended: it read where it may not, at 0x40",
  ],
  [
    "an assertion failed",
    (task: FakeTask) => task.finish(End.Exit, 134n),
    "ended: exit code 134(AssertionFailed)",
  ],
  ["it left", (task: FakeTask) => task.finish(End.Exit, 0n), "left"],
])("a service is started again when %s", async (_, how, said) => {
  const run = await falling("packagefsd", 1, how);
  expect(lives(run, "packagefsd")).toHaveLength(2);
  expect(run.lines).toEqual([`nexus-init: packagefsd ${said}; started again in 50 ms`]);
  expect(run.stopped).toMatchObject({ why: "power off" });
});

test("nexus-init waits longer before each start, and records each in the audit trail", async () => {
  const run = await falling("virtioblkd", 5, isKilled);
  const delays = run.lines.map((line) => Number(/again in (\d+) ms$/.exec(line)?.[1]));
  expect(delays).toEqual([50, 100, 200, 400, 800]);
  expect(audited(run.kernel, "virtioblkd")).toEqual([1n, 2n, 3n, 4n, 5n]);
});

test("a service that falls too often is given up: no task can receive for it, and the rest goes on", async () => {
  let client: FakeTask | undefined;
  let first: FakeTask | undefined;
  let count = 0;
  const run = await boot({
    argument: "selftest-client; other",
    files: { "selftest-client": program(3), other: program(4) },
    behave: {
      virtioblkd: (task) => {
        first ??= task;
        if (task === first) {
          return signalStarter(task, "ready");
        }
        count += 1;
        isKilled(task);
        if (count === 8) {
          client?.finish(End.Exit, 0n);
        }
      },
      "selftest-client": (task) => {
        client = task;
        if (first) {
          isKilled(first);
        }
      },
    },
  });
  expect(lives(run, "virtioblkd")).toHaveLength(9);
  expect(run.lines.at(-1)).toBe(
    "nexus-init: virtioblkd ended: it was killed; given up, it was started again 8 times just now",
  );
  const endpoint = first?.given(Role.Serve)?.object;
  const rights = [...run.kernel.slots.values()].filter(({ object }) => object === endpoint);
  expect(rights.map((slot) => slot.rights & Right.Receive)).toEqual([0]);
  const other = run.tasks.find((task) => task.name === "other");
  expect(other?.given(Role.BlockService)).toEqual({ object: endpoint, rights: Right.Send, badge: 0 });
  expect(run.stopped).toMatchObject({ why: "power off" });
});

test("a restarted service that never says that it is ready is killed after a minute, which counts as a fall", async () => {
  let first: FakeTask | undefined;
  let client: FakeTask | undefined;
  let count = 0;
  const run = await boot({
    behave: {
      packagefsd: (task) => {
        first ??= task;
        count += 1;
        if (count === 2) {
          return;
        }
        signalStarter(task, "ready");
        if (count === 3) {
          client?.finish(End.Exit, 0n);
        }
      },
      "selftest-client": (task) => {
        client = task;
        if (first) {
          isKilled(first);
        }
      },
    },
  });
  expect(run.lines).toEqual([
    "nexus-init: packagefsd ended: it was killed; started again in 50 ms",
    "nexus-init: no sign of life from packagefsd within a minute",
    "nexus-init: packagefsd ended: it was killed; started again in 50 ms",
  ]);
});

test("a restart that fails counts as a fall, and is tried again", async () => {
  let refusals = 2;
  const run = await falling("packagefsd", 1, isKilled, {
    prepare: (kernel) => {
      kernel.refuse = ({ number }) => {
        const isSecondLife = kernel.tasks.filter(({ name }) => name === "packagefsd").length >= 2;
        return number === Syscall.StartTask && isSecondLife && refusals-- > 0 ? Refusal.NoMemory : undefined;
      };
    },
  });
  expect(run.lines).toEqual([
    "nexus-init: packagefsd ended: it was killed; started again in 50 ms",
    "nexus-init: cannot start packagefsd: starting it was refused (NoMemory)",
    "nexus-init: packagefsd did not start; started again in 100 ms",
    "nexus-init: cannot start packagefsd: starting it was refused (NoMemory)",
    "nexus-init: packagefsd did not start; started again in 200 ms",
  ]);
});

test.each([
  ["packagefsd ended in the middle of it", Refusal.PeerGone],
  ["packagefsd does not answer", Refusal.TimedOut],
])("a program is fetched although %s", async (_, refusal) => {
  let calls = 0;
  let current: FakeTask | undefined;
  const run = await boot({
    behave: {
      packagefsd: (task) => {
        current = task;
        signalStarter(task, "ready");
      },
    },
    onFiles: () => {
      calls += 1;
      if (calls !== 3) {
        return undefined;
      }
      if (current) {
        isKilled(current);
      }
      return refusal;
    },
  });
  expect(lives(run, "packagefsd")).toHaveLength(2);
  expect(run.tasks.at(-1)?.name).toBe("selftest-client");
  expect(run.tasks.at(-1)?.at(0x1_0000, 300_000)).toEqual(pattern(300_000, 3));
  expect(run.lines).toEqual(["nexus-init: packagefsd ended: it was killed; started again in 50 ms"]);
});

test("a program is not fetched for ever from a packagefsd that never answers", async () => {
  const run = await boot({ onFiles: () => Refusal.TimedOut });
  expect(run.lines).toEqual(["nexus-init: cannot read pkg://bin/selftest-client (TimedOut)"]);
  expect(run.stopped).toMatchObject({ why: "power off" });
});
