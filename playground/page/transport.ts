// Where the run stands: the slider, the buttons, and a text to run to. The slider goes over the run as it was so far; it is
// linear in what happened, so waits are folded as in the picture.

import { countText, momentText } from "../picture/words.ts";
import type { RunState } from "../protocol/messages.ts";
import { CLOCKS_A_SECOND } from "../protocol/rows.ts";
import { byId } from "./dom.ts";

/** What is drawn on the button. */
const PAUSE = "M4 3h3v10H4zM9 3h3v10H9z";
const PLAY = "M4 2.5v11l9.5-5.5z";

const SLIDER_STEPS = 1_000_000;

export interface TransportEvents {
  onPlay: () => void;
  onStep: (back: boolean) => void;
  onGoTo: (clock: number) => void;
  onEnd: () => void;
  onRunTo: (text: string) => void;
}

/** The axis, as far as the slider needs it. */
interface Places {
  place: (clock: number) => number;
  clock: (place: number) => number;
}

const states: Readonly<Record<RunState, string>> = {
  running: "runs",
  paused: "stands still",
  off: "is turned off",
  reset: "asked for a restart",
  stuck: "every hart waits for ever",
};

export class Transport {
  private readonly slider = byId("slider", HTMLInputElement);
  private readonly play = byId("play", HTMLButtonElement);
  private readonly time = byId("time", HTMLOutputElement);
  private isHeld = false;

  constructor(places: () => Places, end: () => number, events: TransportEvents) {
    const on = (id: string, act: () => void): void =>
      byId(id, HTMLButtonElement).addEventListener("click", act);
    on("to-start", () => events.onGoTo(0));
    on("back", () => events.onStep(true));
    on("play", events.onPlay);
    on("forward", () => events.onStep(false));
    on("to-end", events.onEnd);
    this.slider.addEventListener("input", () => {
      this.isHeld = true;
      const axis = places();
      events.onGoTo(Math.round(axis.clock((Number(this.slider.value) / SLIDER_STEPS) * axis.place(end()))));
    });
    this.slider.addEventListener("change", () => {
      this.isHeld = false;
    });
    byId("run-to", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const { value } = byId("run-to-text", HTMLInputElement);
      const clock = clockOf(value);
      if (clock !== undefined) {
        events.onGoTo(clock);
      } else if (value !== "") {
        events.onRunTo(value);
      }
    });
  }

  show(axis: Places, clock: number, end: number, state: RunState): void {
    const whole = axis.place(end);
    if (!this.isHeld) {
      const part = whole === 0 ? 0 : axis.place(clock) / whole;
      this.slider.value = String(Math.round(part * SLIDER_STEPS));
      this.slider.style.setProperty("--part", `${part * 100}%`);
    } else {
      this.slider.style.setProperty("--part", `${(Number(this.slider.value) / SLIDER_STEPS) * 100}%`);
    }
    const text = momentText(clock, state === "running" ? 1_000 : 0.01);
    this.time.value = text;
    this.time.title = `${countText(clock)} clocks of ${countText(end)}; the machine ${states[state]}`;
    this.slider.setAttribute("aria-valuetext", text);
    const isRunning = state === "running";
    this.play.querySelector("path")?.setAttribute("d", isRunning ? PAUSE : PLAY);
    this.play.setAttribute("aria-label", isRunning ? "Stand still" : "Run");
    document.body.dataset.state = state;
  }
}

/** `12.5 ms`, `300 us`, `2 s`, or a plain number of clocks. */
export function clockOf(text: string): number | undefined {
  const [, number, unit] = /^\s*([0-9][0-9_,]*(?:\.[0-9]+)?)\s*(s|ms|us|µs|ns)?\s*$/.exec(text) ?? [];
  if (number === undefined) {
    return undefined;
  }
  const value = Number(number.replace(/[_,]/g, ""));
  const seconds: Readonly<Record<string, number>> = { s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };
  return Math.round(unit === undefined ? value : value * (seconds[unit] ?? 1) * CLOCKS_A_SECOND);
}
