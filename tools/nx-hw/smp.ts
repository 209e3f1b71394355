// ./nx hw smp: the harts that are online, with their counters.

import { Problem } from "../../host/problem.ts";
import { type Column, formatTable } from "../../host/report.ts";
import type { MachineWords } from "../boot/words.ts";
import { type Answer, ask, numberValue } from "./ask.ts";
import { camelCase } from "./rows.ts";

/** One hart: its two numbers, then every counter, by the name that JSON gives it. */
export interface HartCounters {
  hart: number;
  hartid: number;
  ticks: number;
  [counter: string]: number;
}

export interface SmpAnswer {
  online: number;
  harts: HartCounters[];
}

/** Boots, asks and prints. Gives the exit code. */
export async function smp(words: MachineWords): Promise<0 | 1> {
  return await ask(words, "nx hw smp", (answers) => {
    const answer = smpAnswer(answers);
    return words.json ? `${JSON.stringify(answer)}\n` : smpTable(answer);
  });
}

/** The guest's lines as one value. Throws Problem if a hart is missing or named twice. */
export function smpAnswer(answers: Answer[]): SmpAnswer {
  const head = answers.find((answer) => answer.word === "smp");
  if (head === undefined) {
    throw new Problem('the guest\'s answer has no line "nx: smp online=…"');
  }
  const online = numberValue(head, "online");
  const harts = answers.filter((answer) => answer.values.has("hart")).map(hartCounters);
  const named = new Set(harts.map((counters) => counters.hart));
  // A production build says how many harts are online, but not which.
  if (harts.length === 0) {
    return { online, harts };
  }
  if (harts.length !== online || named.size !== online) {
    throw new Problem(`the guest says that ${online} harts are online, but lists ${harts.length}`);
  }
  return { online, harts };
}

function hartCounters(answer: Answer): HartCounters {
  const counters: HartCounters = {
    hart: numberValue(answer, "hart"),
    hartid: numberValue(answer, "hartid"),
    ticks: numberValue(answer, "ticks"),
  };
  for (const key of answer.values.keys()) {
    counters[camelCase(key)] = numberValue(answer, key);
  }
  return counters;
}

/** The table for a person: a row for each hart, a column for each counter. */
export function smpTable(answer: SmpAnswer): string {
  const keys = Object.keys(answer.harts[0] ?? {});
  const columns: Column[] = keys.map((key) => ({ heading: heading(key), align: "right" }));
  const rows = answer.harts.map((counters) => keys.map((key) => String(counters[key] ?? "")));
  return `${answer.online} ${answer.online === 1 ? "hart" : "harts"} online\n\n${formatTable(columns, rows)}`;
}

/** `ipisSent` → `ipis sent`. */
function heading(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
