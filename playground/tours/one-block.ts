// One block, read from the app to the disk and back.

import type { App } from "../page/app.ts";
import { ANSWERED_AT, BYTES, SECTOR } from "../picture/model.ts";
import { bytesText, durationText } from "../picture/words.ts";
import {
  command,
  firstSpan,
  freshRun,
  lastSpan,
  light,
  look,
  MICROSECOND,
  open,
  type Span,
} from "./finding.ts";
import type { Tour } from "./guide.ts";

const COMMAND = "cat fixtures/block.txt";

/** Where the tour's command was typed, and the first request to the disk after it. */
let typedAt = 0;

const requestOf = (app: App): number => app.model.requests.at(typedAt) + 1;
const takenAt = (app: App): number => app.model.requests.clock(requestOf(app));
const answeredAt = (app: App): number => app.model.requests.field(requestOf(app), ANSWERED_AT);

async function show(app: App, span: Span | undefined, before: number, after: number): Promise<void> {
  if (span === undefined) {
    throw new Error("the task did not run here");
  }
  await open(
    app,
    span.clock + 1,
    span.hart,
    span.clock - before * MICROSECOND,
    span.clock + after * MICROSECOND,
  );
  light(app, span.clock, span.end);
}

export const oneBlock: Tour = {
  name: "One block from the disk",
  about: "A read on its way: shell, file system, driver, disk, and back.",
  steps: [
    {
      title: "A command",
      act: async (app) => {
        await freshRun(app);
        typedAt = await command(app, COMMAND);
        await show(app, lastSpan(app, "nx", typedAt, takenAt(app)), 150, 250);
      },
      text: () =>
        `We typed ${COMMAND} into the shell. nx is the shell: an ordinary task, without a right to the disk. It has a capability for one service, the file system, and calls it. Here is its last moment in user mode before it waits for the answer.`,
    },
    {
      title: "The file system",
      act: (app) => show(app, lastSpan(app, "packagefsd", typedAt, takenAt(app)), 60, 120),
      text: () =>
        "The message arrives at packagefsd, often on the same hart: the kernel switches straight to who was called. It knows where the file's blocks are. This one is not in its memory, so it calls the driver in turn.",
    },
    {
      title: "The driver",
      act: (app) => show(app, lastSpan(app, "virtioblkd", typedAt, takenAt(app)), 30, 60),
      text: () =>
        "virtioblkd is a task too. It names the memory that is to be filled by a number; the kernel writes the descriptors into the ring, and one register tells the disk.",
    },
    {
      title: "The disk works",
      act: async (app) => {
        await open(
          app,
          takenAt(app),
          app.hart,
          takenAt(app) - 20 * MICROSECOND,
          answeredAt(app) + 40 * MICROSECOND,
        );
        light(app, takenAt(app), answeredAt(app));
      },
      text: (app) => {
        const { requests } = app.model;
        const row = requestOf(app);
        return `Sector ${requests.field(row, SECTOR)}, ${bytesText(requests.field(row, BYTES))}: the bar at the bottom. The disk needs ${durationText(answeredAt(app) - takenAt(app))}, a time that the seed draws. Meanwhile the harts do other things, or nothing.`;
      },
    },
    {
      title: "An interrupt, and the way back",
      act: (app) => show(app, firstSpan(app, "virtioblkd", answeredAt(app)), 30, 120),
      text: () =>
        "The disk raises its interrupt. The kernel turns it into a signal for the driver, which takes the answer off the ring and replies. packagefsd then hashes the block and compares: no byte is believed that the image's signature does not cover.",
    },
    {
      title: "All of it",
      act: (app) => {
        const end = firstSpan(app, "nx", answeredAt(app))?.end ?? answeredAt(app);
        light(app, typedAt, end);
        look(app, takenAt(app) - 300 * MICROSECOND, end + 200 * MICROSECOND);
      },
      text: (app) => {
        const end = firstSpan(app, "nx", answeredAt(app))?.clock ?? answeredAt(app);
        return `From the driver's request to the shell's next step: ${durationText(end - takenAt(app))}. Put late@20- into Faults and start over to see the same with a slow disk.`;
      },
    },
  ],
};
