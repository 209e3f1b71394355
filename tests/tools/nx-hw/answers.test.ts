// ./nx hw: the guest's lines become tables and JSON, and an answer that is not whole becomes none.

import { expect, test } from "vitest";
import { parseAnswers } from "../../../tools/nx-hw/ask.ts";
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
  `nx: vblk sectors=2048 sector_size=512 read_only=1 first_bytes=4096 sha256=${checksum}`,
  "nx: end",
];

test("smp: one value a hart, in both numbers and every counter", () => {
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
    readOnly: true,
    firstBytes: 4096,
    checksum: `sha256:${checksum}`,
  });
  expect(vblkTable(answer)).toContain("2048 sectors of 512 bytes (1024 KiB)");
});

test("an answer that is not whole is none", () => {
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
