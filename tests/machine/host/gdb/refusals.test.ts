// Requests of gdb that are refused without any effect: missing threads, features that were not offered, malformed numbers, packets
// that are too long. And for "any thread", the machine chooses one.

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { MachineSettings } from "../../../../machine/host/machine.ts";
import { stateHash } from "../../../../machine/host/recording/recording.ts";
import { Run } from "../../../../machine/host/run.ts";
import { BOOT_TIMEOUT_MS, bootEmbedded, buildOnce } from "../../booting.ts";
import { Gdb } from "./client.ts";

const HARTS = 4;
/** The kernel's first instruction. */
const ENTRY = 0x8020_0000n;
const at = ENTRY.toString(16);
/** Registers in a packet. */
const zero = "0".repeat(16);
const REGISTERS = 33;

let module: WebAssembly.Module;
let settings: MachineSettings;

beforeAll(async () => {
  ({ settings } = (await bootEmbedded({ smp: HARTS })).recording);
  module = await WebAssembly.compile(new Uint8Array(readFileSync((await buildOnce()).wasm)));
}, BOOT_TIMEOUT_MS);

function newGdb(): Gdb {
  return new Gdb(new Run(module, settings));
}

async function currentHart(gdb: Gdb): Promise<number> {
  return Number.parseInt((await gdb.ask("qC")).slice("QC".length), 16) - 1;
}

describe("threads", () => {
  test.each(["vCont;s:0", "vCont;s:-1", "vCont;s", "vCont;S05:0", "Hc0,s", "s"])(
    "%s steps one of them",
    async (words) => {
      const gdb = newGdb();
      const hart = await currentHart(gdb);
      let answer = "";
      for (const packet of words.split(",")) {
        answer = await gdb.ask(packet);
      }
      expect(answer).toBe(`T05thread:${hart + 1};`);
      expect(gdb.run.machine.core.hartRetired(hart)).toBe(1n);
    },
  );

  test.each(["vCont;c:0", "vCont;c:-1", "vCont;c", "vCont;C05:0", "vCont;c:1;c", "c"])(
    "%s goes on",
    async (packet) => {
      const gdb = newGdb();
      const stop = gdb.ask(packet);
      await new Promise((resolve) => setImmediate(resolve));
      gdb.sendRaw("\x03");
      expect(await stop).toMatch(/^T02thread:[1-4];$/);
      expect(gdb.run.clock).toBeGreaterThan(0n);
    },
  );

  test("the first action that names a thread applies to it", async () => {
    const gdb = newGdb();
    const hart = await currentHart(gdb);
    expect(await gdb.ask(`vCont;s:${hart + 1};c`)).toBe(`T05thread:${hart + 1};`);
    expect(gdb.run.machine.core.hartRetired(hart)).toBe(1n);
  });

  test("Hg chooses the thread for registers, and Hc the thread for steps", async () => {
    const gdb = newGdb();
    const hart = await currentHart(gdb);
    const other = (hart + 1) % HARTS;
    expect(await gdb.ask(`Hg${other + 1}`)).toBe("OK");
    expect(await gdb.ask(`Hc${hart + 1}`)).toBe("OK");
    expect(await currentHart(gdb)).toBe(other);
    expect(await gdb.ask("s")).toBe(`T05thread:${hart + 1};`);
    expect(gdb.run.machine.core.hartRetired(hart)).toBe(1n);
  });

  test.each(["1", "4"])("thread %s exists", async (thread) => {
    const gdb = newGdb();
    expect(await gdb.ask(`T${thread}`)).toBe("OK");
    expect(await gdb.ask(`Hg${thread}`)).toBe("OK");
  });
});

describe("a refusal, which changes nothing,", () => {
  /** Words that are not thread numbers, or name processes, which were not offered. */
  const threads = [
    "5",
    "9",
    "ffffffffffffffff",
    "10000000000000000",
    "-2",
    "1x",
    "x",
    "",
    "p1.2",
    "p-1.-1",
    " 1",
  ];
  const packets = [
    ...threads.flatMap((thread) => [`vCont;c:${thread}`, `vCont;s:${thread}`, `vCont;s:1;c:${thread}`]),
    ...threads.flatMap((thread) => [
      `Hg${thread}`,
      `Hc${thread}`,
      `T${thread}`,
      `qThreadExtraInfo,${thread}`,
    ]),
    ...["T0", "T-1", "qThreadExtraInfo,0", "H", "Hx1", "Hm1"],
    ...[
      "vCont",
      "vCont;",
      "vCont;t",
      "vCont;t:1",
      "vCont;r80200000,80200004:1",
      "vCont;x",
      "vCont;C",
      "vCont;S:1",
      "vCont;c5",
    ],
    ...["vCont;s:1;", "vCont;c;t:1"],
    ...["cx", "c80200001", "s-1", "s10000000000000000", "D;1", "kk", "?x", "gx"],
    ...["p", "px", "p21", "p20x", "p-1", "pffffffff", "p100000020"],
    ...[
      "P",
      "P5",
      "P5=",
      "P5=12",
      "P5=efbeadde0000000x",
      `P5=${zero}0`,
      `P5=${zero}=1`,
      `P-1=${zero}`,
      `P21=${zero}`,
      `P5x=${zero}`,
    ],
    ...[`P100000005=${zero}`, "P0=0100000000000000", "P20=0100000000000000"],
    ...["G", `G${zero}`, `G${zero.repeat(REGISTERS - 1)}000000000000000x`, `G${zero.repeat(REGISTERS + 1)}`],
    ...["m", "m,", `m${at}`, `m${at},`, `m${at},x`, `mx,4`, `m${at},4,4`, "m10000000000000000,4", `m-1,4`],
    ...[
      "M",
      `M${at}`,
      `M${at},4`,
      `M${at},4:`,
      `M${at},4:010203`,
      `M${at},4:0102030405`,
      `M${at},4:0102030x`,
      `M${at},:01`,
    ],
    ...["Mx,1:01", `M${at},1:1`, "M10000000000000000,1:01"],
    ...[
      "Z0",
      "Z0,",
      `Z0,${at}`,
      `Z2,${at}`,
      `Z2,x,4`,
      `Z4,${at},0`,
      `Z0,${at},`,
      `Z0,x,4`,
      `Z0,${at},x`,
      "Z0,80200001,4",
      "Z0,10000000080200000,4",
      "z0,x,4",
    ],
    `Z0,${at},4;X1,00`,
  ];

  test("is E01", async () => {
    const gdb = newGdb();
    const before = stateHash(gdb.run.machine);
    const hart = await currentHart(gdb);
    const answers: string[] = [];
    for (const packet of packets) {
      answers.push(`${packet} ${await gdb.ask(packet)}`);
    }
    expect(answers).toEqual(packets.map((packet) => `${packet} E01`));
    expect(gdb.run.clock).toBe(0n);
    expect(stateHash(gdb.run.machine)).toBe(before);
    expect(gdb.run.events).toEqual([]);
    expect(await currentHart(gdb)).toBe(hart);
  });

  test.each([
    "vKill;1",
    "vRun;",
    "vContx",
    "X80200000,0:",
    "Z5,80200000,4",
    "bx",
    "R00",
    "qUnknown",
    "qXfer:auxv:read::0,8",
  ])("of the unknown packet %s is the empty answer", async (packet) => {
    expect(await newGdb().ask(packet)).toBe("");
  });

  test.each(["target.xml:x,10", "target.xml:0", "other.xml:0,10", "target.xml:0,10,5"])(
    "of a part %s of the description is E00",
    async (part) => {
      expect(await newGdb().ask(`qXfer:features:read:${part}`)).toBe("E00");
    },
  );

  test("of memory that does not exist is E14, also beyond the last address", async () => {
    const gdb = newGdb();
    for (const packet of [
      "m0,4",
      "mfffffffffffffffc,4",
      "mffffffffffffffff,8",
      "M0,4:01020304",
      "Mffffffffffffffff,2:0102",
    ]) {
      expect(await gdb.ask(packet)).toBe("E14");
    }
  });

  test("of one breakpoint too many is E01", async () => {
    const gdb = newGdb();
    const place = (index: number): string => (ENTRY + BigInt(0x1000 + index * 2)).toString(16);
    for (let index = 0; index < 64; index++) {
      expect(await gdb.ask(`Z0,${place(index)},2`)).toBe("OK");
    }
    expect(await gdb.ask(`Z0,${place(64)},2`)).toBe("E01");
    // Setting the same breakpoint again needs no more room.
    expect(await gdb.ask(`Z1,${place(5)},2`)).toBe("OK");
    expect(await gdb.ask(`z0,${place(5)},2`)).toBe("OK");
    expect(await gdb.ask(`Z0,${place(64)},2`)).toBe("OK");
  });
});

describe("packets", () => {
  test("that are too long are read to their end and refused, and the next one is answered", async () => {
    const gdb = newGdb();
    for (const length of [0x4001, 0x4002, 0x4003, 0x8001, 0x2_0000]) {
      gdb.sendRaw(`$M${at},4:${"0".repeat(length)}#00`);
      expect(await gdb.next()).toBe("E01");
      expect(await gdb.ask("T1")).toBe("OK");
    }
    expect(gdb.run.events).toEqual([]);
  });

  test("of the largest size are taken", async () => {
    const gdb = newGdb();
    const head = `M${at},1ff0:`;
    expect(await gdb.ask(`${head}${"00".repeat(0x1ff0)}`)).toBe("OK");
    expect(await gdb.ask(`m${at},1ff0`)).toBe("00".repeat(0x1ff0));
  });

  test("that are incomplete end where the next one begins", async () => {
    const gdb = newGdb();
    gdb.sendRaw(`$m${at},`);
    expect(await gdb.ask("T1")).toBe("OK");
  });

  test("c and s with an address continue at that address", async () => {
    const gdb = newGdb();
    await gdb.ask(`M${at},4:13000000`);
    expect(await gdb.ask(`s${at}`)).toMatch(/^T05thread/);
    expect(await gdb.pc()).toBe(ENTRY + 4n);
  });
});
