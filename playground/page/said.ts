// The picture at one moment, as sentences.

import type { Model } from "../picture/model.ts";
import { doingText, momentText } from "../picture/words.ts";
import { NO_TASK } from "../protocol/rows.ts";

export function sentencesOf(model: Model, clock: number): string {
  const harts = model.harts.map((_, hart) => {
    const { doing, task, queue } = model.stateAt(hart, clock);
    const name = task === NO_TASK ? "" : ` (${model.names.get(task) ?? "?"})`;
    const waiting = queue === 0 ? "" : `, ${queue} waiting`;
    return `hart ${hart}: ${doingText(doing)}${name}${waiting}`;
  });
  return `At ${momentText(clock, 0.01)}. ${harts.join("; ")}.`;
}
