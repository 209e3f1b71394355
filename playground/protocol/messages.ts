// The messages between the page and the worker that has the machine. Each side checks what it gets before it has a type.
//
//     page ── Ask ──▶ worker          worker ── Tell ──▶ page

import {
  integer,
  list,
  mismatch,
  number,
  object,
  oneOf,
  optional,
  pair,
  type Shape,
  type Shaped,
  text,
  truth,
  variant,
} from "../../host/json.ts";
import { setup } from "./setup.ts";

const bytes: Shape<Uint8Array> = (value, place) => {
  if (!(value instanceof Uint8Array)) {
    throw mismatch(place, "bytes");
  }
  return value;
};

const numbers: Shape<Float64Array> = (value, place) => {
  if (!(value instanceof Float64Array)) {
    throw mismatch(place, "numbers");
  }
  return value;
};

const kind = <const Word extends string>(word: Word): Shape<Word> => oneOf(word);

const start = object({ kind: kind("start"), setup });
/** A recording's file. */
const open = object({ kind: kind("open"), file: text });
const play = object({ kind: kind("play") });
const pause = object({ kind: kind("pause") });
/** Go to a clock, and stand there. */
const goTo = object({ kind: kind("goTo"), clock: integer() });
/** One instruction of a hart, forwards or back. */
const step = object({ kind: kind("step"), hart: integer(0, 7), back: truth });
/** Run until a line of the console has this text. */
const runTo = object({ kind: kind("runTo"), text });
const input = object({ kind: kind("input"), bytes });
const save = object({ kind: kind("save") });
/** Lets the wake-up that is sent next get lost, and goes on. */
const plant = object({ kind: kind("plant") });

export const ask = variant<
  | Shaped<typeof start>
  | Shaped<typeof open>
  | Shaped<typeof play>
  | Shaped<typeof pause>
  | Shaped<typeof goTo>
  | Shaped<typeof step>
  | Shaped<typeof runTo>
  | Shaped<typeof input>
  | Shaped<typeof save>
  | Shaped<typeof plant>
>("kind", { start, open, play, pause, goTo, step, runTo, input, save, plant });
export type Ask = Shaped<typeof ask>;

const place = object({
  function: text,
  file: optional(text),
  line: integer(),
  column: integer(),
  offset: integer(),
});
const frame = object({ address: text, places: list(place) });
export type Place = Shaped<typeof place>;
export type Frame = Shaped<typeof frame>;

/** What one hart is doing at a moment. */
const hartMoment = object({
  /** The kernel's number, and the hardware's. */
  hart: integer(0, 7),
  hartid: integer(0, 7),
  activity: text,
  mode: text,
  /** The task that it runs, and its program. */
  task: text,
  program: text,
  pc: text,
  /** x0 to x31, in hexadecimal. */
  registers: list(text),
  retired: text,
  frames: list(frame),
});
export type HartMoment = Shaped<typeof hartMoment>;

/** The run has begun; everything that was known of another one is void. */
const started = object({
  kind: kind("started"),
  setup,
  /** The run is one of a file. */
  isRecorded: truth,
});

export const runStates = ["running", "paused", "off", "reset", "stuck"] as const;
export type RunState = (typeof runStates)[number];

/** What came since the last of these. */
const frameTold = object({
  kind: kind("frame"),
  /** Where the run stands, and as far as it ever went. */
  clock: integer(),
  end: integer(),
  state: oneOf(...runStates),
  /** What was known after this clock is void, because another run begins there. */
  branchedAt: optional(integer()),
  rows: numbers,
  /** Names of tasks, by identity. */
  names: list(pair(integer(), text)),
  /** The console's new bytes; all of them, if `consoleAnew`. */
  console: bytes,
  consoleAnew: truth,
});
const momentTold = object({ kind: kind("moment"), clock: integer(), harts: list(hartMoment) });
const saved = object({ kind: kind("saved"), file: text });
/** What was typed in this run so far, and so belongs into its address. */
const typed = object({ kind: kind("setup"), setup });
/** A sentence about what went wrong, and one about what to do. */
const problem = object({ kind: kind("problem"), what: text, todo: text });
/** A sentence about what has become of something asked for. */
const note = object({ kind: kind("note"), text });
/** Every hart waits, and a wake-up that was sent is gone. */
const lost = object({ kind: kind("lost"), clock: integer(), from: integer(), to: integer(), sentAt: number });

export const tell = variant<
  | Shaped<typeof started>
  | Shaped<typeof frameTold>
  | Shaped<typeof momentTold>
  | Shaped<typeof saved>
  | Shaped<typeof typed>
  | Shaped<typeof problem>
  | Shaped<typeof note>
  | Shaped<typeof lost>
>("kind", { started, frame: frameTold, moment: momentTold, saved, setup: typed, problem, note, lost });
export type Tell = Shaped<typeof tell>;
