// How four harts come up.

import type { App } from "../page/app.ts";
import { FROM, TAKEN_AT, TO } from "../picture/model.ts";
import { durationText, momentText } from "../picture/words.ts";
import { firstOf, firstSpan, freshRun, light, look, MICROSECOND, open } from "./finding.ts";
import type { Tour } from "./guide.ts";

/** When the last hart came up. */
const lastStart = (app: App): number => Math.max(...app.model.harts.map((_, hart) => firstOf(app, hart)));

export const fourHarts: Tour = {
  name: "Four harts come up",
  about: "From one hart and the firmware to four that share tasks.",
  steps: [
    {
      title: "One hart, and three that sleep",
      act: async (app) => {
        await freshRun(app);
        const first = firstOf(app, 1);
        await open(app, first * 0.6, 0, 0, lastStart(app) * 1.25);
        light(app, 0, first);
      },
      text: (app) =>
        `The firmware starts one hart, which the seed has drawn. For ${durationText(firstOf(app, 1))} it is alone: it clears memory, reads the device tree, sets up page tables. Its moment is open in the panel: the functions that it is in, and their source.`,
    },
    {
      title: "It starts the others",
      act: async (app) => {
        const first = firstOf(app, 1);
        await open(app, first, 0, first - 60 * MICROSECOND, lastStart(app) + 60 * MICROSECOND);
        light(app, first, lastStart(app));
      },
      text: (app) =>
        `For each of the others it makes one call to the firmware (SBI, hart_start). They begin at ${[1, 2, 3].map((hart) => momentText(firstOf(app, hart), 10)).join(", ")}.`,
    },
    {
      title: "Each sets itself up, and waits",
      act: async (app) => {
        const last = lastStart(app);
        await open(
          app,
          last + 2 * MICROSECOND,
          3,
          firstOf(app, 1) - 10 * MICROSECOND,
          last + 120 * MICROSECOND,
        );
        light(app, last, last + 30 * MICROSECOND);
      },
      text: () =>
        "A new hart has no stack and no page table. It takes its own, turns its timer on, opens its run queue, and says on the console that it is online. Then it has nothing to run, and waits for an interrupt: the thin line.",
    },
    {
      title: "The first task",
      act: async (app) => {
        const span = firstSpan(app, "nexus-init", 0);
        if (span !== undefined) {
          await open(
            app,
            span.clock + 1,
            span.hart,
            span.clock - 100 * MICROSECOND,
            span.clock + 400 * MICROSECOND,
          );
          light(app, span.clock, span.end);
        }
      },
      text: () =>
        "nexus-init is the first task: a full bar is user mode, a pale one the kernel. It starts the console's service, the disk's driver, the file system, one after the other.",
    },
    {
      title: "A wake-up crosses harts",
      act: async (app) => {
        const { sends } = app.model;
        const sentAt = sends.clock(0);
        await open(
          app,
          sentAt,
          sends.field(0, FROM),
          sentAt - 25 * MICROSECOND,
          sends.field(0, TAKEN_AT) + 40 * MICROSECOND,
        );
        light(app, sentAt, sends.field(0, TAKEN_AT));
      },
      text: ({ model: { sends } }) =>
        `The new task goes to a hart that waits, so that hart has to be told. Hart ${sends.field(0, FROM)} puts it into the run queue of hart ${sends.field(0, TO)} and sends an interrupt: the arrow. ${durationText(sends.field(0, TAKEN_AT) - sends.clock(0))} later it is taken, and the task runs there.`,
    },
    {
      title: "Four harts at work",
      act: (app) => {
        app.picture.lit = undefined;
        look(app, 0, app.end);
      },
      text: ({ end, model }) =>
        `That was the boot: ${momentText(end, 1000)} of the guest's time, ${model.sends.length} interrupts between harts, ${model.requests.length} reads from the disk. Where all harts wait, time is folded. Type in the console now, or go anywhere by a click.`,
    },
  ],
};
