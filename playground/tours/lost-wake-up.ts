// A lost wake-up: planted, found and seen.

import type { App } from "../page/app.ts";
import { FROM, TAKEN_AT, TO } from "../picture/model.ts";
import { durationText } from "../picture/words.ts";
import { firstSpan, freshRun, light, look, MICROSECOND, open, patiently } from "./finding.ts";
import type { Tour } from "./guide.ts";

const COMMAND = "hw vblk info";

function lostOf({ lost }: App): NonNullable<App["lost"]> {
  if (lost === undefined) {
    throw new Error("no wake-up is lost in this run");
  }
  return lost;
}

export const lostWakeUp: Tour = {
  name: "A lost wake-up",
  about: "A bug that other systems meet once in a year, planted, found and seen.",
  steps: [
    {
      title: "How a wake-up goes right",
      act: async (app) => {
        await freshRun(app);
        const { sends } = app.model;
        const row = Math.max(0, sends.length - 1);
        const sentAt = sends.clock(row);
        const takenAt = sends.field(row, TAKEN_AT);
        await open(
          app,
          sentAt,
          sends.field(row, FROM),
          sentAt - 25 * MICROSECOND,
          takenAt + 25 * MICROSECOND,
        );
        light(app, sentAt, takenAt);
      },
      text: ({ model: { sends } }) => {
        const row = Math.max(0, sends.length - 1);
        return `Hart ${sends.field(row, FROM)} has work for hart ${sends.field(row, TO)}, which waits. It puts the task into the queue there, sets a bit in the mailbox, and asks the firmware for an interrupt. If that interrupt is lost, hart ${sends.field(row, TO)} sleeps on beside its work.`;
      },
    },
    {
      title: "We plant it, and it is found",
      act: async (app) => {
        app.goTo(app.end);
        await app.when(() => app.clock === app.end && app.state !== "running");
        app.type(new TextEncoder().encode(`${COMMAND}\r`));
        app.plant();
        await patiently(app, () => app.lost !== undefined);
        const { clock, to, sentAt } = lostOf(app);
        await open(app, clock, to, sentAt - 60 * MICROSECOND, clock + 20 * MICROSECOND);
        light(app, sentAt, clock);
      },
      text: (app) => {
        const { from, to } = lostOf(app);
        return `We typed ${COMMAND}, and at one call to the firmware we emptied the register with the harts to interrupt. The machine's observer looks whenever all harts wait, and stopped here: the mailbox of hart ${to} says that hart ${from} sent an interrupt, and none is pending. No time-out was needed.`;
      },
    },
    {
      title: "Where it was lost",
      act: async (app) => {
        const { from, sentAt } = lostOf(app);
        await open(app, sentAt, from, sentAt - 12 * MICROSECOND, sentAt + 24 * MICROSECOND);
        light(app, sentAt - MICROSECOND / 4, sentAt + MICROSECOND / 4);
      },
      text: (app) =>
        `Back in time, to the instruction itself: hart ${lostOf(app).from} makes the call. The red arrow goes to hart ${lostOf(app).to} and is never taken. The panel has the functions that led here. Step with the arrow keys, in both directions.`,
    },
    {
      title: "What it costs",
      act: async (app) => {
        const { clock, to, sentAt } = lostOf(app);
        app.goTo(app.end);
        app.toggle();
        await patiently(app, () => app.end > clock && (firstSpan(app, "", clock)?.clock ?? 0) > clock);
        app.pause();
        await app.when(() => app.state !== "running");
        const healed = firstSpan(app, "", clock);
        app.choose(to);
        light(app, sentAt, healed?.clock ?? app.end);
        look(app, sentAt - 60 * MICROSECOND, (healed?.end ?? app.end) + 60 * MICROSECOND);
      },
      text: (app) => {
        const { sentAt, clock } = lostOf(app);
        const healed = firstSpan(app, "", clock)?.clock ?? app.end;
        return `A step above the bar is a task that waits in the queue. It waited ${durationText(healed - sentAt)}: the bit stays in the mailbox, so the hart finds it at its next tick. A kernel without that would hang here.`;
      },
    },
    {
      title: "The run is in the address",
      act: (app) => {
        app.picture.lit = undefined;
        const { sentAt } = lostOf(app);
        look(app, sentAt - 200 * MICROSECOND, app.end);
      },
      text: () =>
        "What we typed and what we planted are events with a clock. Copy the link: who opens it sees the same bytes and the same lost wake-up. ./nx explore looks for such bugs by itself, in thousands of seeds, and hands over a recording that you can drop here.",
    },
  ],
};
