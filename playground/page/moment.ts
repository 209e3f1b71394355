// A moment, opened: what each hart is doing, the functions that the chosen one is in, the source, the registers.

import { countText, momentText } from "../picture/words.ts";
import type { Frame, HartMoment, Place } from "../protocol/messages.ts";
import { button, byId, make } from "./dom.ts";
import { showSource } from "./source.ts";

/** Names of x0 to x31 (the calling convention). */
const NAMES = [
  "zero",
  "ra",
  "sp",
  "gp",
  "tp",
  "t0",
  "t1",
  "t2",
  "s0",
  "s1",
  "a0",
  "a1",
  "a2",
  "a3",
  "a4",
  "a5",
  "a6",
  "a7",
  "s2",
  "s3",
  "s4",
  "s5",
  "s6",
  "s7",
  "s8",
  "s9",
  "s10",
  "s11",
  "t3",
  "t4",
  "t5",
  "t6",
];

export class MomentPanel {
  private readonly place = byId("moment", HTMLElement);
  private readonly onHart: (hart: number) => void;
  private harts: readonly HartMoment[] = [];
  private clock = 0;
  private hart = 0;
  private areRegistersOpen = false;

  constructor(onHart: (hart: number) => void) {
    this.onHart = onHart;
    this.showRunning();
  }

  /** The run goes on: there is no moment to show. */
  showRunning(): void {
    this.harts = [];
    const text = make("div", "empty");
    text.append(
      make("p", "", "Stand still to look inside."),
      make(
        "p",
        "faint",
        "Click anything in the picture: its moment opens here, with the functions that each hart is in, their source, and the registers. Space runs on.",
      ),
    );
    this.place.replaceChildren(text);
  }

  show(clock: number, harts: readonly HartMoment[]): void {
    this.clock = clock;
    this.harts = harts;
    this.paint();
  }

  choose(hart: number): void {
    this.hart = hart;
    if (this.harts.length > 0) {
      this.paint();
    }
  }

  private paint(): void {
    const state = this.harts[this.hart] ?? this.harts[0];
    if (state === undefined) {
      return;
    }
    const head = make("div", "moment-head");
    head.append(make("h2", "", momentText(this.clock, 0.01)), this.tabs(state.hart));
    const doing = make("p", "doing", sentenceOf(state));
    const source = make("div", "source");
    const frames = this.frames(state, source);
    const side = make("div", "side");
    side.append(source, this.registers(state));
    const body = make("div", "moment-body");
    body.append(frames, side);
    this.place.replaceChildren(head, doing, body);
  }

  private tabs(chosen: number): HTMLElement {
    const tabs = make("div", "tabs");
    tabs.setAttribute("role", "group");
    tabs.setAttribute("aria-label", "Hart");
    for (const { hart } of this.harts) {
      const tab = button(`hart ${hart}`, `hart-tab hart-${hart}`, () => this.onHart(hart));
      tab.setAttribute("aria-pressed", String(hart === chosen));
      tabs.append(tab);
    }
    return tabs;
  }

  /** The functions, innermost first; the innermost with a source is shown. */
  private frames({ frames }: HartMoment, source: HTMLElement): HTMLElement {
    const list = make("ol", "frames");
    const rows = frames.flatMap((frame) =>
      frame.places.map((place, index) => ({ frame, place, isInlined: index + 1 < frame.places.length })),
    );
    let first: HTMLButtonElement | undefined;
    for (const { frame, place, isInlined } of rows) {
      const row = button("", "frame-row", () => this.choosePlace(list, row, place, source));
      row.append(make("b", "", place.function), make("span", "", placeText(frame, place)));
      if (isInlined) {
        row.append(make("em", "", "inlined"));
      }
      if (place.file?.startsWith("source/") === true && place.line > 0 && first === undefined) {
        first = row;
        this.choosePlace(list, row, place, source);
      }
      const item = make("li");
      item.append(row);
      list.append(item);
    }
    if (rows.length === 0) {
      list.append(make("li", "faint", "No function of the guest."));
    }
    return list;
  }

  private choosePlace(list: HTMLElement, row: HTMLElement, { file, line }: Place, source: HTMLElement): void {
    for (const other of list.querySelectorAll("[aria-current]")) {
      other.removeAttribute("aria-current");
    }
    row.setAttribute("aria-current", "true");
    if (file?.startsWith("node_modules/") === true) {
      source.replaceChildren(make("p", "faint", "AssemblyScript's own library."));
      return;
    }
    if (file === undefined) {
      source.replaceChildren(make("p", "faint", "Assembly: only its symbol is known."));
      return;
    }
    void showSource(source, file, line);
  }

  private registers({ registers, pc, retired }: HartMoment): HTMLElement {
    const details = make("details", "registers");
    details.open = this.areRegistersOpen;
    details.addEventListener("toggle", () => {
      this.areRegistersOpen = details.open;
    });
    const grid = make("dl");
    for (const [name, value] of [
      ["pc", pc] as const,
      ...registers.map((value, index) => [NAMES[index] ?? "", value] as const),
    ]) {
      const cell = make("div");
      cell.append(make("dt", "", name), digitsOf(value));
      grid.append(cell);
    }
    details.append(
      make("summary", "", "Registers"),
      grid,
      make("p", "faint", `${countText(Number(retired))} instructions so far`),
    );
    return details;
  }
}

function sentenceOf({ hart, hartid, activity, mode, task, program }: HartMoment): string {
  const number = hart === hartid ? "" : ` (hartid ${hartid})`;
  if (activity !== "runs") {
    return `hart ${hart}${number} ${activity}`;
  }
  const who = task === "" ? "a task" : task;
  const whom = task === "" ? "" : `, for ${task}`;
  return program === task && mode === "user"
    ? `hart ${hart}${number} runs ${who} in user mode`
    : `hart ${hart}${number} is in the kernel${whom}`;
}

function placeText(frame: Frame, { file, line, offset }: Place): string {
  return file === undefined
    ? `+0x${offset.toString(16)} · ${frame.address}`
    : `${file.split("/").slice(-2).join("/")}:${line}`;
}

/** Leading zeros stand back. */
function digitsOf(hex: string): HTMLElement {
  const digits = hex.slice(2);
  const [zeros = ""] = /^0*/.exec(digits.slice(0, -1)) ?? [];
  const value = make("dd");
  value.append(make("i", "zeros", zeros), digits.slice(zeros.length));
  return value;
}
