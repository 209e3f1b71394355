// What a task maps: every record is used again, a large mapping comes and goes in turns, and what finds no memory for its
// tables goes out again as if it had never been there.

import { beforeEach, describe, expect, test } from "vitest";
import { defined } from "../../harness/defined.ts";
import {
  Class,
  Kernel,
  Kind,
  pageBytes,
  Refusal,
  Resource,
  Right,
  self,
  slotCount,
  sys,
} from "../harness/kernel.ts";
import { made } from "../harness/made.ts";

const READ_WRITE = Right.Read | Right.Write;
const PLACE = 0x2000_0000;
/** Mappings of one task, its message page among them. */
const MAPPINGS_MAX = 48;
/** Pages that one turn maps or takes out, and pages of one table. */
const PAGES_A_TURN = 64;
const PAGES_A_TABLE = 512;
const BLOCK_MAX = 0x0100_0000;

let k: Kernel;
let task: number;
beforeEach(async () => {
  k = await Kernel.boot();
  task = k.spawnOn(0);
});

const memory = (pages: number): number => made(k, 0, sys.CreateVmo, pages * pageBytes, self);

function map(vmo: number, address: number, pages: number, space: bigint | number = self): number {
  return k.ask(0, sys.Map, space, vmo, address, 0, pages * pageBytes, READ_WRITE).status;
}

const unmap = (address: number): number => k.ask(0, sys.Unmap, self, address).status;

const entryAt = (address: number, space = task): bigint => k.guest.call64("entryOf", space, address);

/** Memory objects that leave no frame free, the last ones of a page each. */
function takeAll(singles: number): number[] {
  const slots: number[] = [];
  const fill = (most: number): void => {
    for (let bytes = most; bytes >= pageBytes; bytes /= 2) {
      for (;;) {
        const { status, words } = k.ask(0, sys.CreateVmo, bytes, self);
        if (status !== 0) {
          break;
        }
        slots.push(Number(words[0]));
      }
    }
  };
  const kept = Array.from({ length: singles }, () => memory(1));
  fill(BLOCK_MAX);
  expect(k.guest.call("free")).toBe(0);
  return [...slots, ...kept];
}

const drop = (slot: number): void => expect(k.ask(0, sys.Drop, slot).status).toBe(0);

describe("the records of a task's mappings", () => {
  test("are so many, and each is used again", () => {
    const vmo = memory(1);
    const before = k.guest.call("mappingsOf", task);
    const places = Array.from({ length: MAPPINGS_MAX - before }, (_, i) => PLACE + i * pageBytes);
    for (const place of places) {
      expect(map(vmo, place, 1)).toBe(0);
    }
    const beyond = PLACE + MAPPINGS_MAX * pageBytes;
    expect(map(vmo, beyond, 1)).toBe(Refusal.TableFull);
    expect(entryAt(beyond)).toBe(0n);
    expect(unmap(PLACE)).toBe(0);
    expect(map(vmo, beyond, 1)).toBe(0);
  });

  test("say nothing any more about what was unmapped: other memory may lie across it", () => {
    const vmo = memory(3);
    expect(map(vmo, PLACE + pageBytes, 1)).toBe(0);
    expect(unmap(PLACE + pageBytes)).toBe(0);
    expect(map(vmo, PLACE, 3)).toBe(0);
  });
});

describe("the registers of a device", () => {
  const REGISTERS = 0x1000_1000;
  let device: number;
  beforeEach(() => {
    k.guest.call("setDevice", 3, REGISTERS, pageBytes);
    device = k.give(task, Kind.Device, 3);
  });

  test("are mapped at a whole address", () => {
    expect(k.ask(0, sys.MapDevice, device, (1n << 32n) + BigInt(PLACE)).status).toBe(Refusal.BadArgument);
    expect(k.ask(0, sys.MapDevice, device, PLACE).status).toBe(0);
    expect((entryAt(PLACE) >> 10n) << 12n).toBe(BigInt(REGISTERS));
  });

  test("are not read by the kernel: a task that names them has no memory there", () => {
    const console = k.give(task, Kind.Console, 0);
    expect(k.ask(0, sys.MapDevice, device, PLACE).status).toBe(0);
    expect(k.ask(0, sys.ConsoleWrite, console, PLACE, 16).status).toBe(Refusal.BadAddress);
    expect(k.console).toBe("");
  });
});

describe("a large mapping", () => {
  const PAGES = 3 * PAGES_A_TURN + 1;

  test("goes in turns, the last pages first", () => {
    const vmo = memory(PAGES);
    expect(map(vmo, PLACE, PAGES)).toBe(0);
    expect(k.turn(0, sys.Unmap, self, PLACE)).toBe(false);
    expect(entryAt(PLACE)).not.toBe(0n);
    expect(entryAt(PLACE + (PAGES - 1) * pageBytes)).toBe(0n);
    expect(unmap(PLACE)).toBe(0);
    for (const page of [0, PAGES_A_TURN - 1, PAGES_A_TURN, PAGES - 1]) {
      expect(entryAt(PLACE + page * pageBytes)).toBe(0n);
    }
    expect(map(vmo, PLACE, PAGES)).toBe(0);
  });

  test("that one task is at work on is no other's to unmap", () => {
    const bell = k.give(task, Kind.Notification, k.guest.call("newNotification"));
    const slot = made(k, 0, sys.CreateTask, Class.App, bell, 1, self);
    const child = k.guest.call("objectAt", task, slot);
    const other = k.spawnOn(1);
    const named = k.give(other, Kind.Task, child);
    const vmo = memory(PAGES);
    expect(k.turn(0, sys.Map, slot, vmo, PLACE, 0, PAGES * pageBytes, READ_WRITE)).toBe(false);
    expect(k.ask(1, sys.Unmap, named, PLACE).status).toBe(Refusal.BadState);
    expect(map(vmo, PLACE, PAGES, slot)).toBe(0);
    expect(entryAt(PLACE + (PAGES - 1) * pageBytes, child)).not.toBe(0n);
    expect(k.ask(1, sys.Unmap, named, PLACE).status).toBe(0);
  });
});

describe("without memory for its tables", () => {
  /** Past the end of the first table, and enough of the first one for several turns. */
  const PAGES = PAGES_A_TABLE + PAGES_A_TURN;

  test("a large mapping goes out again, turn by turn, and its record is free", () => {
    const vmo = memory(PAGES);
    const references = k.guest.call("vmoReferences", k.guest.call("objectAt", task, vmo));
    const mappings = k.guest.call("mappingsOf", task);
    const singles = takeAll(3);
    // The middle table and the first of the last ones.
    drop(defined(singles.pop()));
    drop(defined(singles.pop()));
    const charged = k.guest.call("chargedTo", 0, Resource.Pages);
    expect(map(vmo, PLACE, PAGES)).toBe(Refusal.NoMemory);
    for (const page of [0, PAGES_A_TURN, PAGES_A_TABLE - 1, PAGES_A_TABLE]) {
      expect(entryAt(PLACE + page * pageBytes)).toBe(0n);
    }
    expect(k.guest.call("mappingsOf", task)).toBe(mappings);
    expect(k.guest.call("vmoReferences", k.guest.call("objectAt", task, vmo))).toBe(references);
    expect(k.guest.call("chargedTo", 0, Resource.Pages)).toBe(charged + 2);
    drop(defined(singles.pop()));
    expect(map(vmo, PLACE, PAGES)).toBe(0);
  });

  test("nothing is mapped, nothing charged, and the next time it is", () => {
    const vmo = memory(1);
    const singles = takeAll(2);
    const charged = k.guest.call("chargedTo", 0, Resource.Pages);
    expect(map(vmo, PLACE, 1)).toBe(Refusal.NoMemory);
    expect(k.guest.call("chargedTo", 0, Resource.Pages)).toBe(charged);
    drop(defined(singles.pop()));
    drop(defined(singles.pop()));
    expect(map(vmo, PLACE, 1)).toBe(0);
    expect(entryAt(PLACE)).not.toBe(0n);
  });
});

describe("a device's pins", () => {
  const MANY = 11;
  let device: number;
  beforeEach(() => {
    device = k.give(task, Kind.Device, 3);
  });
  const pin = (vmo: number): number => {
    const { status, words } = k.ask(0, sys.Pin, device, vmo, 0, pageBytes);
    return status === 0 ? Number(words[0]) : status;
  };
  const unpin = (number: number): number => k.ask(0, sys.Unpin, device, number, 0).status;
  const pins = (job = 0): number => k.guest.call("chargedTo", job, Resource.Pins);

  test("are one for each time that it is asked for, and each is given back once", () => {
    const [vmo, second] = [memory(1), memory(1)];
    expect([pin(vmo), pin(second), pin(vmo)]).toEqual([0, 1, 2]);
    expect(pins()).toBe(3);
    expect([unpin(0), unpin(0), unpin(1), unpin(2)]).toEqual([0, Refusal.BadState, 0, 0]);
    expect(pins()).toBe(0);
  });

  test("all go when it was reset, and another device's stay", () => {
    const other = k.give(task, Kind.Device, 4);
    const kept = memory(1);
    expect(k.ask(0, sys.Pin, other, kept, 0, pageBytes).status).toBe(0);
    const vmos = Array.from({ length: MANY }, () => memory(1));
    const objects = vmos.map((vmo) => k.guest.call("objectAt", task, vmo));
    const references = (): number[] => objects.map((object) => k.guest.call("vmoReferences", object));
    const before = references();
    expect(vmos.map(pin)).toEqual(vmos.map((_, number) => number));
    expect(k.ask(0, sys.UnpinAll, device).status).toBe(0);
    expect(references()).toEqual(before);
    expect(pins()).toBe(1);
    expect(vmos.map((_, number) => unpin(number))).toEqual(vmos.map(() => Refusal.BadState));
    expect(k.ask(0, sys.Unpin, other, 0, 0).status).toBe(0);
  });

  test("are as many as the job may have", () => {
    const job = k.guest.call("newJob", 0);
    const member = k.spawnOn(1, Class.App, job);
    const limit = k.guest.call("limitOf", job, Resource.Pins);
    expect(limit).toBeLessThan(slotCount - 2);
    const own = k.give(member, Kind.Device, 3);
    const outcomes = Array.from({ length: limit + 1 }, () => {
      const { words } = k.ask(1, sys.CreateVmo, pageBytes, self);
      return k.ask(1, sys.Pin, own, defined(words[0]), 0, pageBytes).status;
    });
    expect(outcomes).toEqual([...Array.from({ length: limit }, () => 0), Refusal.Quota]);
    expect(pins(job)).toBe(limit);
  });
});
