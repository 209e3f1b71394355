// The system's table is sound, and every kind of unsound table is told by name.

import { beforeAll, expect, test } from "vitest";
import { Right, Role } from "../harness/fake-kernel/kernel.ts";
import { type Guest, guest } from "../harness/guest.ts";

const program = `
import { describe, describeProgram, describeShell, Topology, TOPOLOGY_BYTES } from "init/nexus-init/topology";
export { flawName } from "init/nexus-init/check";
import { flaw } from "init/nexus-init/check";
const state: usize = memory.data(TOPOLOGY_BYTES, 8);
function topology(): Topology { return changetype<Topology>(state); }
export function begin(): void { topology().begin(); }
export function real(name: usize, length: u32): void {
  describe(topology());
  describeShell(describeProgram(topology(), name, length));
}
export function run(name: usize, length: u32, taskClass: u32, origin: u32, serves: u32): void {
  topology().runNamed(name, length, taskClass, origin).serves(serves);
}
export function gets(role: u32, rights: u32): void { topology().program(topology().count - 1).gets(role, rights); }
export function found(): u32 { return flaw(topology()); }
export function count(): u32 { return topology().count; }
export function gifts(row: u32, role: u32): u32 { return topology().program(row).gifts(role); }
export function name(row: u32): usize { return topology().program(row).name; }
`;

let g: Guest;
beforeAll(async () => {
  g = await guest({ text: program });
});

interface Row {
  readonly name?: string;
  readonly serves?: number;
  readonly gets?: readonly (readonly [role: number, rights: number])[];
}

/** The first flaw of the table, in words. */
function flawOf(...rows: readonly Row[]): string {
  g.call("begin");
  for (const { name = "task", serves = 0, gets = [] } of rows) {
    const bytes = new TextEncoder().encode(name);
    g.call("run", g.put(bytes), bytes.length, 1, 0, serves);
    for (const [role, rights] of gets) {
      g.call("gets", role, rights);
    }
  }
  return g.text(g.call("flawName", g.call("found")));
}

const device = [Role.VirtioDevice, Right.Read | Right.Write | Right.Manage] as const;
const interrupt = [Role.VirtioInterrupt, Right.Manage] as const;
const driver: Row = { name: "driver", serves: Role.BlockService, gets: [device, interrupt] };
const client: Row = { name: "client", gets: [[Role.BlockService, Right.Send]] };

test("the system's own table has no flaw, and gives each device one owner", () => {
  g.call("begin");
  const name = new TextEncoder().encode("nx");
  g.call("real", g.put(name), name.length);
  expect(g.text(g.call("flawName", g.call("found")))).toBe("no flaw");
  const rows = Array.from({ length: g.call("count") }, (_, row) => ({
    name: new TextDecoder().decode(g.get(g.call("name", row), 16)).replace(/\0+$/, ""),
    disk: g.call("gifts", row, Role.VirtioDevice),
    uart: g.call("gifts", row, Role.UartDevice),
  }));
  expect(rows).toEqual([
    { name: "consoled", disk: 0, uart: 1 },
    { name: "virtioblkd", disk: 1, uart: 0 },
    { name: "packagefsd", disk: 0, uart: 0 },
    { name: "nx", disk: 0, uart: 0 },
  ]);
});

const tables: readonly (readonly [flaw: string, ...rows: Row[]])[] = [
  ["no flaw", driver, client],
  ["a program's name is empty or too long", driver, { ...client, name: "" }],
  ["a program's name is empty or too long", driver, { ...client, name: "seventeen-letters" }],
  [
    "a program is given too many roles",
    driver,
    { gets: Array.from({ length: 13 }, (_, role) => [role + 20, Right.Read] as const) },
  ],
  [
    "a program is given a role twice",
    driver,
    { gets: [[Role.Console, 2] as const, [Role.Console, 2] as const] },
  ],
  ["a device has two owners", driver, { gets: [device, interrupt] }],
  ["a device has two owners", driver, { gets: [device] }],
  [
    "a device has two owners",
    driver,
    { gets: [[Role.UartDevice, Right.Read]] },
    { gets: [[Role.UartDevice, Right.Read]] },
  ],
  ["a device and its interrupt have different owners", driver, { gets: [[Role.UartDevice, Right.Read]] }],
  [
    "the UART and the console have different owners",
    driver,
    {
      gets: [
        [Role.UartDevice, Right.Read],
        [Role.UartInterrupt, Right.Manage],
      ],
    },
    { gets: [[Role.ConsoleOwner, Right.Manage]] },
  ],
  ["a device has no owner", { serves: Role.BlockService }],
  ["a device and its interrupt have different owners", { gets: [device] }, { gets: [interrupt] }],
  ["two programs serve the same role", driver, { serves: Role.BlockService }],
  ["a program is given a service that is not started before it", client, driver],
  [
    "a program is given a service that is not started before it",
    { ...driver, gets: [[Role.BlockService, Right.Send]] },
  ],
  [
    "a client is given more of a service than to call it",
    driver,
    { gets: [[Role.BlockService, Right.Send | Right.Receive]] },
  ],
  ["a program is given what only nexus-init may hold", driver, { gets: [[Role.Power, Right.Manage]] }],
  ["a program is given what only nexus-init may hold", driver, { gets: [[Role.Bundle, Right.Read]] }],
];

test.each(tables.map(([flaw, ...rows]) => ({ flaw, rows })))("$flaw", ({ flaw, rows }) => {
  expect(flawOf(...rows)).toBe(flaw);
});
