// ./nx hw: the guest's lines become tables and JSON, and an answer that is not whole becomes none.

import { expect, test } from "vitest";
import { parseAnswers } from "../../../tools/nx-hw/ask.ts";
import { jsonOf, questions, rowsOf, tableOf } from "../../../tools/nx-hw/rows.ts";
import { smpAnswer, smpTable } from "../../../tools/nx-hw/smp.ts";
import { vblkAnswer, vblkTable } from "../../../tools/nx-hw/vblk.ts";

const smpLines = [
  "neuron: hart0 online",
  "nx: smp online=2",
  "nx: hart=0 hartid=1 ticks=12 ipis_sent=3 ipis_received=4",
  "nx: hart=1 hartid=0 ticks=11 ipis_sent=4 ipis_received=3",
  "nx: end",
  "nx: after the end",
];
const checksum = "ab".repeat(32);
const vblkLines = [
  `nx: vblk sectors=2048 sector_size=512 block_size=4096 read_only=1 first_bytes=4096 sha256=${checksum}`,
  "nx: end",
];

test("smp: the answer has each hart with both of its numbers and every counter", () => {
  expect(smpAnswer(parseAnswers(smpLines))).toEqual({
    online: 2,
    harts: [
      { hart: 0, hartid: 1, ticks: 12, ipisSent: 3, ipisReceived: 4 },
      { hart: 1, hartid: 0, ticks: 11, ipisSent: 4, ipisReceived: 3 },
    ],
  });
});

test("smp: the table", () => {
  expect(smpTable(smpAnswer(parseAnswers(smpLines)))).toBe(
    [
      "2 harts online",
      "",
      "hart  hartid  ticks  ipis sent  ipis received",
      "   0       1     12          3              4",
      "   1       0     11          4              3",
      "",
    ].join("\n"),
  );
});

test("vblk: the value and the table", () => {
  const answer = vblkAnswer(parseAnswers(vblkLines));
  expect(answer).toEqual({
    sectors: 2048,
    sectorSize: 512,
    blockSize: 4096,
    readOnly: true,
    firstBytes: 4096,
    checksum: `sha256:${checksum}`,
  });
  expect(vblkTable(answer)).toContain("2048 sectors of 512 bytes (1024 KiB)");
});

test("an answer that is not complete is refused", () => {
  expect(() => parseAnswers(smpLines.slice(0, 4))).toThrow('"nx: end" is missing');
  const lines = (replace: [string, string]) => parseAnswers(smpLines.map((line) => line.replace(...replace)));
  expect(() => smpAnswer(lines(["online=2", "online=3"]))).toThrow("3 harts are online, but lists 2");
  expect(() => smpAnswer(lines(["hart=1", "hart=0"]))).toThrow("lists 2");
  expect(() => smpAnswer(lines(["ticks=12", "ticks=many"]))).toThrow("ticks=many, which is not a number");
  expect(() => smpAnswer(lines([" hartid=1", ""]))).toThrow("has no hartid");
  expect(() => smpAnswer(parseAnswers(vblkLines))).toThrow('no line "nx: smp online=…"');
  const short = vblkLines.map((line) => line.replace(checksum, "ab"));
  expect(() => vblkAnswer(parseAnswers(short))).toThrow("which is no hash");
});

const auditLines = [
  "nx: sequence=1 ms=73 hart=0 task=- times=1 kind=hart-started word0=0x0 word1=0x2 what=hart%200,%20hart%20id%202",
  "nx: sequence=4 ms=80 hart=1 task=3 times=2 kind=block-refused word0=0x4 word1=0x0 what=100%25",
  "nx: end",
];

test("rows: values have their types, a column may be missing in some rows, and text is decoded", () => {
  expect(rowsOf(questions.audit, parseAnswers(auditLines))).toEqual([
    {
      sequence: 1,
      ms: 73,
      hart: 0,
      task: null,
      times: 1,
      kind: "hart-started",
      what: "hart 0, hart id 2",
      word0: "0x0",
      word1: "0x2",
    },
    {
      sequence: 4,
      ms: 80,
      hart: 1,
      task: "3",
      times: 2,
      kind: "block-refused",
      what: "100%",
      word0: "0x4",
      word1: "0x0",
    },
  ]);
  const [task] = rowsOf(
    questions.ps,
    parseAnswers(["nx: task=0 name=a%20b state=alive class=app job=4 waits=- hart=0 runs=1", "nx: end"]),
  );
  expect(task).toEqual({
    task: "0",
    name: "a b",
    state: "alive",
    class: "app",
    job: 4,
    waits: null,
    hart: 0,
    runs: 1,
  });
});

test("rows: the table", () => {
  expect(tableOf(questions.audit, rowsOf(questions.audit, parseAnswers(auditLines)))).toBe(
    [
      "sequence  ms  hart  task  times  kind           what",
      "       1  73     0  -         1  hart-started   hart 0, hart id 2",
      "       4  80     1  3         2  block-refused  100%",
      "",
    ].join("\n"),
  );
});

test("an answer of one row is one object, and a line for each value", () => {
  const line =
    "nx: sbi version=1.0 firmware=OpenSBI firmware_version=0x10001 extensions=time,ipi sstc=1 sswi=0";
  const rows = rowsOf(questions.sbi, parseAnswers([line, "nx: end"]));
  expect(jsonOf(questions.sbi, rows)).toEqual({
    version: "1.0",
    firmware: "OpenSBI",
    firmwareVersion: "0x10001",
    extensions: "time,ipi",
    sstc: 1,
    sswi: 0,
  });
  expect(tableOf(questions.sbi, rows)).toMatch(
    /^sbi\nversion +1.0\nfirmware +OpenSBI\nfirmware version +0x10001\n/,
  );
});

test("rows of another answer are refused", () => {
  const wrong = (lines: string[]) => () => rowsOf(questions.irq, parseAnswers([...lines, "nx: end"]));
  expect(wrong([])).toThrow('the guest\'s answer to "nx hw irq" is empty');
  expect(wrong(["nx: irq=1 hart=0"])).toThrow("has no count");
  expect(wrong(["nx: irq=one hart=0 count=1 open=0 task=1 name=-"])).toThrow("irq=one");
  expect(() => rowsOf(questions.sbi, parseAnswers(["nx: irq=1", "nx: end"]))).toThrow("does not begin");
  expect(() => parseAnswers(["nx: name=%zz", "nx: end"])).toThrow("%zz, which is no text");
});
