// Whole sessions of gdb with a machine: packets that run it, take it back, read and change it, in any order.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../../../host/root.ts";
import { Debugger } from "../../../../machine/host/gdb/debugger.ts";
import type { MachineSettings } from "../../../../machine/host/machine.ts";
import { Chassis } from "../../../../machine/host/module.ts";
import { buildMachine } from "../../../../toolchain/compile.ts";
import { AnswerCoverage } from "../../engine/answers.ts";
import { bytesOf, type Target } from "../../engine/target.ts";
import { DATA, FUNCTION, LOOP, PROGRAM, programFile } from "./program.ts";
import { FuzzedSession, type MakeDebugger, reach } from "./session.ts";

const INPUT_BYTES_MAX = 1000;
const settings: MachineSettings = {
  harts: 2,
  ramMebibytes: 6,
  seed: 3n,
  sstc: true,
  aclint: false,
  kernel: programFile(),
  tree: new Uint8Array(8),
  disk: undefined,
  faults: [],
};

const at = (address: number): string => address.toString(16);
const breakAt = (address: number): string => `Z0,${at(address)},4`;

const packets: readonly string[] = [
  ...[
    "c",
    "s",
    "bc",
    "bs",
    "vCont;c",
    "vCont;s:1",
    "vCont;s:2",
    "vCont;s:1;c",
    "vCont?",
    "!c",
    "D",
    "k",
    "?",
    "g",
  ],
  ...[
    "qSupported",
    "qfThreadInfo",
    "qsThreadInfo",
    "qC",
    "qThreadExtraInfo,2",
    "qAttached",
    "QStartNoAckMode",
  ],
  ...[
    "Hg1",
    "Hg2",
    "Hc2",
    "Hc-1",
    "T2",
    "p5",
    "p20",
    "P5=0102030405060708",
    `P20=${"2400208000000000"}`,
    "pf0",
    "p1041",
  ],
  ...[LOOP, FUNCTION].flatMap((address) => [breakAt(address), breakAt(address).replace("Z", "z")]),
  ...[
    `m${at(DATA)},18`,
    `M${at(DATA)},8:ffffffffffffffff`,
    `m${at(PROGRAM)},4`,
    `M${at(LOOP)},4:6f000000`,
    ">a",
    "~c",
  ],
  ...[
    "qXfer:features:read:target.xml:0,40",
    "mffffffffffffffff,8",
    "m0,4",
    `c${at(LOOP)}`,
    `s${at(FUNCTION)}`,
  ],
];

const seeds: readonly (readonly string[])[] = [
  [
    "qSupported",
    "QStartNoAckMode",
    breakAt(LOOP),
    "c",
    "c",
    "g",
    "s",
    "s",
    "bs",
    "bc",
    `m${at(DATA)},18`,
    "D",
  ],
  [breakAt(FUNCTION), "c", "c", "c", "bs", "bs", "bc", "bc", "bc", "c", "D"],
  ["c", "bs", "bs", "bc", "c", "k"],
  ["vCont;s:1", "vCont;s:2", "vCont;c", "?"],
  [
    breakAt(LOOP),
    "c",
    "P5=0500000000000000",
    `M${at(DATA)},8:0102030405060708`,
    "c",
    "bc",
    "bc",
    "c",
    "c",
    "D",
  ],
  [`M${at(LOOP)},4:6f000000`, "c", "s", "bs", "bc", "!c"],
  ["Hg2", "g", "Hc2", "s", "s", "bs", "p20", "T2", "T3"],
  [breakAt(LOOP), "c", ">abc", "c", "bc", ">d", "c", "c", "D"],
  ["~c", "!c", "x", "", "Z2,80200000,4", "Z0,80200001,4", "c80200001"],
];

/** @param make gives the debugger; a test has one with a fault */
export function gdbSessionOf(make: MakeDebugger): Target {
  return {
    name: "gdb-session",
    about: "whole sessions of gdb with a machine",
    inputBytesMax: INPUT_BYTES_MAX,
    isText: true,
    isSlow: true,
    start: async () => {
      const wasm = await buildMachine({ start: () => () => {}, note: () => {} });
      const module = await WebAssembly.compile(new Uint8Array(readFileSync(join(root, wasm))));
      const machines = { debugged: new Chassis(module), other: new Chassis(module), settings };
      const coverage = new AnswerCoverage();
      return {
        coverage,
        isWatched: false,
        seeds: seeds.map((lines) => bytesOf(lines.join("\n"))),
        dictionary: packets.map((packet) => bytesOf(`\n${packet}\n`)),
        run: (input) => new FuzzedSession(machines, make, coverage).play(input),
      };
    },
  };
}

export const gdbSession: Target = gdbSessionOf((run, typed) => new Debugger(run, typed, undefined, reach));
