// ./nx hw dt, sbi and irq, ./nx ps, ./nx audit: boots, asks the guest, and prints rows.

import type { MachineWords } from "../boot/words.ts";
import { ask } from "./ask.ts";
import { jsonOf, type QuestionName, questions, rowsOf, tableOf } from "./rows.ts";

/** Boots, asks and prints. Gives the exit code. */
export async function question(name: QuestionName, words: MachineWords): Promise<0 | 1> {
  const asked = questions[name];
  return await ask(words, asked.run, (answers) => {
    const rows = rowsOf(asked, answers);
    return words.json ? `${JSON.stringify(jsonOf(asked, rows))}\n` : printable(tableOf(asked, rows));
  });
}

/** The guest's text must not control the terminal. */
function printable(text: string): string {
  return text.replace(/[^\n\P{Cc}]/gu, "?");
}
