// Every argument of a system call is any number that fits a register. What names nothing, lies outside of something, or
// would be right in its lower half alone is refused, and the caller goes on as before.

import { beforeEach, describe, expect, test } from "vitest";
import {
  auditKindCount,
  Class,
  forever,
  jobsMax,
  Kernel,
  Kind,
  messageBytesMax,
  messagePage,
  pageBytes,
  Refusal,
  Resource,
  Right,
  self,
  slotCount,
  sys,
  Topic,
  Wait,
} from "../harness/kernel.ts";

/** An argument whose lower half alone would be `low`. */
const beyond = (low: number): bigint => (1n << 32n) + BigInt(low);

let k: Kernel;
let task: number;
beforeEach(async () => {
  k = await Kernel.boot();
  task = k.spawnOn(0);
});

const status = (number: number, ...args: (bigint | number)[]): number => k.ask(0, number, ...args).status;

/** A memory object of the task's. */
function memory(bytes: number): number {
  const { status, words } = k.ask(0, sys.CreateVmo, bytes, self);
  expect(status).toBe(0);
  return Number(words[0]);
}

/** Maps fresh memory, and gives its kernel address. */
function mapped(address: number, rights: number, bytes = pageBytes): void {
  expect(status(sys.Map, self, memory(bytes), address, 0, bytes, rights)).toBe(0);
}

test("a system call has a number, not only its lower half", () => {
  expect(status(sys.Now)).toBe(0);
  expect(status(-1)).toBe(Refusal.BadCall);
  expect(() => k.syscall(0, Number(beyond(sys.Exit)))).not.toThrow();
  expect(k.results(task).status).toBe(Refusal.BadCall);
  expect(k.running(0)).toBe(task);
});

describe("information", () => {
  let info: number;
  beforeEach(() => {
    info = k.give(task, Kind.Info, 0);
  });

  test("is for those who may read it", () => {
    expect(status(sys.Information, info, Topic.System, 0)).toBe(0);
    expect(status(sys.Information, k.give(task, Kind.Info, 0, Right.Write), Topic.System, 0)).toBe(
      Refusal.MissingRight,
    );
    expect(status(sys.Information, k.give(task, Kind.Audit, 0), Topic.System, 0)).toBe(Refusal.WrongKind);
  });

  test.each<[name: string, topic: number, indices: (number | bigint)[]]>([
    ["hart", Topic.Hart, [4, beyond(0)]],
    ["sending hart", Topic.IpiRow, [4, beyond(0)]],
    ["task", Topic.Task, [1 << 16, beyond(0)]],
    ["interrupt", Topic.Interrupt, [0, 96, beyond(1)]],
    ["job", Topic.Job, [jobsMax, beyond(0)]],
    ["job's rest", Topic.JobRest, [jobsMax, beyond(0)]],
    ["topic", 1000, [0]],
  ])("about a %s that cannot be is refused", (_, topic, indices) => {
    for (const index of indices) {
      expect(status(sys.Information, info, topic, index)).toBe(Refusal.BadArgument);
    }
  });
});

describe("the audit trail", () => {
  test("is for those who may read it, and has kinds up to a last one", () => {
    const audit = k.give(task, Kind.Audit, 0);
    expect(status(sys.AuditRead, k.give(task, Kind.Audit, 0, Right.Write), 0, 0)).toBe(Refusal.MissingRight);
    expect(status(sys.AuditRead, audit, auditKindCount - 1, 0)).toBe(0);
    expect(status(sys.AuditRead, audit, auditKindCount, 0)).toBe(Refusal.BadArgument);
    expect(status(sys.AuditRead, audit, beyond(0), 0)).toBe(Refusal.BadArgument);
  });

  test("has no record behind its last", () => {
    const audit = k.give(task, Kind.Audit, 0);
    expect(k.ask(0, sys.AuditRead, audit, auditKindCount - 1, 0).words).toEqual([0n, 0n, 0n, 0n, 0n, 0n]);
  });
});

describe("a hart", () => {
  let harts: number;
  beforeEach(() => {
    harts = k.give(task, Kind.Harts, 0);
  });

  test("is restarted by those who may", () => {
    const reader = k.give(task, Kind.Harts, 0, Right.Read);
    expect(status(sys.RestartHart, reader, 1)).toBe(Refusal.MissingRight);
    expect(status(sys.StopHart, reader, 1)).toBe(Refusal.MissingRight);
    expect(k.stopped).toEqual([]);
  });

  test("that cannot be, that asks itself, or that runs is not restarted", () => {
    expect(status(sys.RestartHart, harts, 4)).toBe(Refusal.BadArgument);
    expect(status(sys.RestartHart, harts, beyond(1))).toBe(Refusal.BadArgument);
    expect(status(sys.RestartHart, harts, 0)).toBe(Refusal.BadArgument);
    expect(status(sys.RestartHart, harts, 1)).toBe(Refusal.BadState);
  });
});

describe("memory that the kernel reads for a task", () => {
  const at = 0x0020_0000;
  let console: number;
  beforeEach(() => {
    console = k.give(task, Kind.Console, 0);
  });
  const write = (address: bigint | number, bytes: number): number =>
    status(sys.ConsoleWrite, console, address, bytes);

  test("may lie on two pages", () => {
    mapped(at, Right.Read | Right.Write, 2 * pageBytes);
    expect(write(at + pageBytes - 8, 16)).toBe(0);
  });

  test("is all mapped", () => {
    mapped(at, Right.Read);
    expect(write(at + pageBytes - 16, 16)).toBe(0);
    expect(write(at + pageBytes - 16, 17)).toBe(Refusal.BadAddress);
    expect(write(at - 1, 2)).toBe(Refusal.BadAddress);
    expect(write(at + pageBytes, 1)).toBe(Refusal.BadAddress);
    // No table of this gigabyte's page tables is there at all.
    expect(write(0x4000_0000, 1)).toBe(Refusal.BadAddress);
  });

  test("has a whole address, which is the task's", () => {
    mapped(at, Right.Read);
    expect(write(beyond(at), 1)).toBe(Refusal.BadAddress);
    for (const kernels of [0x8020_0000, 0x8040_0000, 0xffff_fff0]) {
      expect(write(kernels, 32)).toBe(Refusal.BadAddress);
    }
  });
});

test("what was printed is read by the task that owns the console", () => {
  const console = k.give(task, Kind.Console, 0);
  const bell = k.give(task, Kind.Notification, k.guest.call("newNotification"));
  expect(status(sys.ConsoleRead, console)).toBe(Refusal.BadState);
  expect(status(sys.ConsoleOwn, console, bell, 1)).toBe(0);
  expect(status(sys.ConsoleRead, console)).toBe(0);
  expect(status(sys.ConsoleOwn, console, bell, 1)).toBe(Refusal.AlreadyBound);
  const other = k.spawnOn(1);
  const slots = [
    k.give(other, Kind.Console, 0),
    k.give(other, Kind.Notification, k.guest.call("newNotification")),
  ] as const;
  expect(k.ask(1, sys.ConsoleOwn, ...slots, 1).status).toBe(Refusal.AlreadyBound);
  expect(k.ask(1, sys.ConsoleRead, slots[0]).status).toBe(Refusal.BadState);
});

describe("part of a memory object", () => {
  test("that is mapped begins at a page, lies in the object, and comes to whole pages", () => {
    const vmo = memory(2 * pageBytes);
    const map = (offset: bigint | number, bytes: bigint | number): number =>
      status(sys.Map, self, vmo, 0x0020_0000, offset, bytes, Right.Read);
    expect(map(8, pageBytes)).toBe(Refusal.BadArgument);
    expect(map(pageBytes / 2, pageBytes)).toBe(Refusal.BadArgument);
    expect(map(2 * pageBytes, pageBytes)).toBe(Refusal.BadArgument);
    expect(map(4 * pageBytes, pageBytes)).toBe(Refusal.BadArgument);
    expect(map(beyond(0), pageBytes)).toBe(Refusal.BadArgument);
    expect(map(pageBytes, 2 * pageBytes)).toBe(Refusal.BadArgument);
    expect(map(0, 0)).toBe(Refusal.BadArgument);
    expect(map(pageBytes, pageBytes)).toBe(0);
  });

  test("that is pinned for a device lies in the object", () => {
    const device = k.give(task, Kind.Device, 0);
    const vmo = memory(2 * pageBytes);
    const pin = (offset: bigint | number, bytes: bigint | number): number =>
      status(sys.Pin, device, vmo, offset, bytes);
    for (const [offset, bytes] of [
      [0, 0],
      [2 * pageBytes, 1],
      [4 * pageBytes, 1],
      [-8, 8],
      [0, 2 * pageBytes + 1],
      [pageBytes, pageBytes + 1],
      [0, beyond(1)],
    ] as const) {
      expect([offset, bytes, pin(offset, bytes)]).toEqual([offset, bytes, Refusal.BadArgument]);
    }
    expect(pin(2 * pageBytes - 1, 1)).toBe(0);
  });

  test("is mapped and unmapped at a whole address", () => {
    const vmo = memory(pageBytes);
    const at = 0x0020_0000;
    expect(status(sys.Map, self, vmo, beyond(at), 0, pageBytes, Right.Read)).toBe(Refusal.BadArgument);
    expect(status(sys.MapDevice, k.give(task, Kind.Device, 0), beyond(at))).toBe(Refusal.BadArgument);
    expect(status(sys.Map, self, vmo, at, 0, pageBytes, Right.Read)).toBe(0);
    expect(status(sys.Unmap, self, beyond(at))).toBe(Refusal.BadAddress);
    expect(status(sys.Unmap, self, messagePage)).toBe(Refusal.BadArgument);
    expect(status(sys.Unmap, self, at)).toBe(0);
  });
});

test("a slot behind the table is no slot, whatever stands there", () => {
  const neighbours = [k.spawnOn(1), k.spawnOn(2)];
  for (const neighbour of neighbours) {
    for (let slot = 0; slot < 4; slot++) {
      k.give(neighbour, Kind.Notification, k.guest.call("newNotification"));
    }
  }
  for (const slot of [slotCount, slotCount + 1, 2 * slotCount, beyond(0)]) {
    expect(status(sys.Copy, slot, Right.All, 0)).toBe(Refusal.BadSlot);
    expect(status(sys.Drop, slot)).toBe(Refusal.BadSlot);
    expect(status(sys.Signal, slot, 1)).toBe(Refusal.BadSlot);
  }
  expect(neighbours.map((neighbour) => k.guest.call("kindAt", neighbour, 0))).toEqual([
    Kind.Notification,
    Kind.Notification,
  ]);
});

test("a table of capabilities that is full takes no more, and what was asked for is not charged", () => {
  const bell = k.give(task, Kind.Notification, k.guest.call("newNotification"));
  let filled = 1;
  while (k.guest.call("give", task, Kind.Info, 0, Right.All, 0) >= 0) {
    filled++;
  }
  expect(filled).toBe(slotCount);
  const charged = (): number[] => [0, 1, 2, 3, 4, 5, 6].map((what) => k.guest.call("chargedTo", 0, what));
  const before = charged();
  expect(status(sys.Create, Kind.Endpoint)).toBe(Refusal.TableFull);
  expect(status(sys.Create, Kind.Notification)).toBe(Refusal.TableFull);
  expect(status(sys.Copy, bell, Right.All, 0)).toBe(Refusal.TableFull);
  expect(status(sys.CreateVmo, pageBytes, self)).toBe(Refusal.TableFull);
  expect(status(sys.CreateTask, Class.App, bell, 1, self)).toBe(Refusal.TableFull);
  expect(status(sys.CreateJob, self, 1, 0, 0, 0, 0)).toBe(Refusal.TableFull);
  expect(charged()).toEqual(before);
  expect(k.guest.call("kindAt", task, slotCount - 1)).toBe(Kind.Info);
});

test("a job that has all its endpoints and notifications gets no more", () => {
  const job = k.guest.call("newJob", 0);
  const member = k.spawnOn(1, Class.App, job);
  for (const [kind, resource] of [
    [Kind.Endpoint, Resource.Endpoints],
    [Kind.Notification, Resource.Notifications],
  ] as const) {
    const limit = k.guest.call("limitOf", job, resource);
    const made = Array.from({ length: limit + 1 }, () => k.ask(1, sys.Create, kind).status);
    expect(made).toEqual([...Array.from({ length: limit }, () => 0), Refusal.Quota]);
  }
  expect(k.running(1)).toBe(member);
});

test("a task is started by those who may manage it", () => {
  const bell = k.give(task, Kind.Notification, k.guest.call("newNotification"));
  expect(status(sys.StartTask, bell, 0x10000, 0x7000_0000)).toBe(Refusal.WrongKind);
  expect(status(sys.StartTask, slotCount, 0x10000, 0x7000_0000)).toBe(Refusal.BadSlot);
  expect(status(sys.StartTask, k.give(task, Kind.Task, task, Right.Read), 0x10000, 0x7000_0000)).toBe(
    Refusal.MissingRight,
  );
});

test("a notification is bound to one task, and waited for by one", () => {
  const shared = k.guest.call("newNotification");
  const other = k.spawnOn(1);
  const mine = k.give(task, Kind.Notification, shared);
  const theirs = k.give(other, Kind.Notification, shared);
  expect(status(sys.Bind, mine)).toBe(0);
  expect(status(sys.Bind, mine)).toBe(Refusal.AlreadyBound);
  expect(k.ask(1, sys.Bind, theirs).status).toBe(Refusal.AlreadyBound);
  // Its own, two capabilities, and the one task that it is bound to.
  expect(k.guest.call("notificationReferences", shared)).toBe(4);
});

describe("a reply", () => {
  /** Hart 1's task waits for the reply of hart 0's: the token. */
  function called(): { client: number; token: bigint } {
    const endpoint = k.guest.call("newEndpoint");
    const receive = k.give(task, Kind.Endpoint, endpoint);
    const client = k.spawnOn(1);
    k.syscall(1, sys.Call, k.give(client, Kind.Endpoint, endpoint), 0, 1, 2, 3, 4, forever);
    expect(k.waits(client)).toBe(Wait.Sending);
    return { client, token: k.ask(0, sys.Receive, receive, forever).words[5] ?? 0n };
  }

  test("of more bytes than a page has is refused, and the caller waits on for a good one", () => {
    const { client, token } = called();
    expect(status(sys.Reply, token, messageBytesMax + 1, 0, 0, 0, 0)).toBe(Refusal.BadArgument);
    const other = k.give(task, Kind.Endpoint, k.guest.call("newEndpoint"));
    const { status: again } = k.ask(0, sys.ReplyReceive, other, messageBytesMax + 1, 0, 0, 0, 0, token);
    expect(again).toBe(Refusal.BadArgument);
    expect([k.waits(task), k.waits(client)]).toEqual([Wait.None, Wait.Replying]);
    expect(status(sys.Reply, token, 0, 7, 0, 0, 0)).toBe(0);
    expect(k.results(client).words[1]).toBe(7n);
  });

  test("to a task that cannot be is refused", () => {
    const { client, token } = called();
    expect(token & 0xffn).toBe(BigInt(client));
    expect(status(sys.Reply, token ^ 0xffn, 0)).toBe(Refusal.NotWaiting);
    expect(status(sys.Reply, token + (1n << 8n), 0)).toBe(Refusal.NotWaiting);
    expect(k.waits(client)).toBe(Wait.Replying);
  });
});
