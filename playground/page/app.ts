// The page as one thing: the worker's run, and everything that shows it. What a tour or a key wants done is a method here.

import { trapClock } from "../picture/events.ts";
import { Model } from "../picture/model.ts";
import { Picture } from "../picture/picture.ts";
import type { RunState, Tell } from "../protocol/messages.ts";
import { type Setup, usualSetup } from "../protocol/setup.ts";
import { readAddress, TYPED_MAX, writeAddress } from "./address.ts";
import { Client } from "./client.ts";
import { Controls } from "./controls.ts";
import { byId } from "./dom.ts";
import { giveFile } from "./files.ts";
import { MomentPanel } from "./moment.ts";
import { sayNote, sayProblem } from "./notices.ts";
import { sentencesOf } from "./said.ts";
import { Console } from "./terminal.ts";
import { Transport } from "./transport.ts";

/** What a tour waits for. */
type Condition = () => boolean;

export class App {
  readonly picture: Picture;
  readonly console: Console;
  model = new Model(usualSetup.harts);
  setup: Setup = usualSetup;
  clock = 0;
  end = 0;
  state: RunState = "running";
  /** All that the console shows at this moment. */
  printed = "";
  hart = 0;
  /** The wake-up that was found lost. */
  lost: Extract<Tell, { kind: "lost" }> | undefined;
  /** Of which moment the panel shows what, in clocks; -1 for none. */
  shownMoment = -1;
  private readonly client: Client;
  private readonly controls: Controls;
  private readonly transport: Transport;
  private readonly moment: MomentPanel;
  private readonly version: string;
  private runs = 0;
  private isResting = false;
  /** The run is one of a file, which has a kernel and a disk of its own: no address can name it. */
  private isRecorded = false;
  private waiting: { condition: Condition; resolve: () => void }[] = [];

  /** @param version the build's name */
  constructor(version: string) {
    this.version = version;
    this.client = new Client(
      (told) => this.take(told),
      (why) =>
        sayProblem(`The machine has stopped: ${why}.`, "Reload the page; the address still holds the run."),
    );
    this.controls = new Controls((setup) => this.start(setup));
    this.moment = new MomentPanel((hart) => this.choose(hart));
    this.picture = new Picture(byId("picture", HTMLCanvasElement), byId("hint", HTMLElement), this.model, {
      onOpen: ({ clock, hart }) => {
        if (hart !== undefined) {
          this.choose(hart);
        }
        this.goTo(clock);
      },
      onHart: (hart) => this.choose(hart),
      onMoved: () => this.picture.paintSoon(),
    });
    this.console = new Console(
      byId("console", HTMLElement),
      (bytes) => this.type(bytes),
      () => byId("picture", HTMLCanvasElement).focus(),
    );
    this.transport = new Transport(
      () => this.picture.view.axis,
      () => this.end,
      {
        onPlay: () => this.toggle(),
        onStep: (back) => this.step(back),
        onGoTo: (clock) => this.goTo(clock),
        onEnd: () => this.goToEnd(),
        onRunTo: (text) => {
          this.follow();
          this.client.ask({ kind: "runTo", text });
        },
      },
    );
  }

  /** Begins the run of the address. */
  startFromAddress(): void {
    const { setup, version, complaints } = readAddress(location.hash);
    for (const complaint of complaints) {
      sayProblem(complaint, "What is left of the link is what runs now; ask for the link again.");
    }
    if (version !== undefined && version !== this.version) {
      sayProblem(
        `This link was made with build ${version}, and this is build ${this.version}: the run may differ.`,
        "Open the link where it was made, or ask for the run as a recording (Save).",
      );
    }
    this.start(setup);
  }

  start(setup: Setup): void {
    this.client.ask({ kind: "start", setup });
  }

  open(file: string): void {
    this.client.ask({ kind: "open", file });
  }

  save(): void {
    this.client.ask({ kind: "save" });
  }

  /** Copies a link to this run, up to this moment. */
  async share(): Promise<void> {
    if (this.isRecorded) {
      sayProblem(
        "This run is of a recording, whose kernel and disk no link can hold.",
        "Hand over the file.",
      );
      return;
    }
    const hash = writeAddress(this.version, this.setupUntil(this.clock), Math.round(this.clock));
    if (hash === undefined) {
      sayProblem(
        `A link holds up to ${TYPED_MAX} typed bytes, and this run has more.`,
        "Save it as a recording instead.",
      );
      return;
    }
    history.replaceState(undefined, "", hash);
    try {
      await navigator.clipboard.writeText(location.href);
      sayNote("The link is copied: it opens this run at this moment.");
    } catch {
      sayNote("The address is now a link to this run at this moment.");
    }
  }

  type(bytes: Uint8Array): void {
    if (this.clock < this.end) {
      sayNote("You typed in the past: from here on it is another run.");
    }
    this.client.ask({ kind: "input", bytes });
    this.follow();
  }

  toggle(): void {
    if (this.state === "running") {
      this.client.ask({ kind: "pause" });
      return;
    }
    this.client.ask({ kind: "play" });
    this.follow();
  }

  pause(): void {
    this.client.ask({ kind: "pause" });
  }

  /** A page that nobody sees does not run; it goes on when it is seen again. */
  rest(isHidden: boolean): void {
    if (isHidden && this.state === "running") {
      this.isResting = true;
      this.pause();
    } else if (!isHidden && this.isResting) {
      this.isResting = false;
      this.client.ask({ kind: "play" });
    }
  }

  step(back: boolean): void {
    this.client.ask({ kind: "step", hart: this.hart, back });
  }

  goTo(clock: number): void {
    this.picture.view.isFollowing = false;
    this.client.ask({ kind: "goTo", clock: Math.max(0, Math.round(clock)) });
  }

  goToEnd(): void {
    this.client.ask({ kind: "goTo", clock: this.end });
    this.client.ask({ kind: "play" });
    this.follow();
  }

  /** To the next trap of the chosen hart, or the one before. */
  goToEvent(back: boolean): void {
    const clock = trapClock(this.model, this.hart, this.clock, back);
    if (clock !== undefined) {
      this.goTo(clock);
    }
  }

  plant(): void {
    this.lost = undefined;
    this.client.ask({ kind: "plant" });
  }

  choose(hart: number): void {
    this.hart = hart;
    this.picture.hart = hart;
    this.moment.choose(hart);
    this.say();
    this.picture.paintSoon();
  }

  follow(): void {
    this.picture.view.isFollowing = true;
    this.picture.paintSoon();
  }

  /** Shows the whole run. */
  showAll(): void {
    this.picture.view.show(this.model.start, this.end);
    this.picture.paintSoon();
  }

  zoom(factor: number): void {
    const { view } = this.picture;
    const x = view.x(this.clock);
    view.zoom(factor, x >= 0 && x <= view.width ? x : view.width / 2);
    this.picture.paintSoon();
  }

  fold(wanted = !this.picture.view.axis.isFolding): void {
    const { view } = this.picture;
    const middle = view.clock(view.width / 2);
    view.axis.isFolding = wanted;
    byId("fold", HTMLInputElement).checked = wanted;
    view.from = view.axis.place(middle) - (view.width / 2) * view.scale;
    this.picture.paintSoon();
  }

  /** Resolves when a condition holds; it is looked at whenever something comes from the worker. */
  when(condition: Condition): Promise<void> {
    if (condition()) {
      return Promise.resolve();
    }
    return new Promise((resolve) => this.waiting.push({ condition, resolve }));
  }

  /** A number that changes with each run that begins. */
  get runNumber(): number {
    return this.runs;
  }

  /** The run up to a clock: what was typed later is no part of it. */
  private setupUntil(clock: number): Setup {
    const isBefore = ({ at }: { at: number }): boolean => at <= clock;
    return {
      ...this.setup,
      typed: this.setup.typed.filter(isBefore),
      planted: this.setup.planted.filter(isBefore),
    };
  }

  private take(told: Tell): void {
    switch (told.kind) {
      case "started":
        this.begin(told);
        break;
      case "frame":
        this.takeFrame(told);
        break;
      case "moment":
        this.shownMoment = told.clock;
        this.moment.show(told.clock, told.harts);
        break;
      case "setup":
        this.setup = told.setup;
        this.keepAddress();
        break;
      case "saved":
        giveFile(`neuron-seed-${this.setup.seed}.nxr`, told.file);
        sayNote("The run is saved: ./nx replay repeats it, and so does this page.");
        break;
      case "lost":
        this.lost = told;
        break;
      case "problem":
        sayProblem(told.what, told.todo);
        break;
      case "note":
        sayNote(told.text);
        break;
    }
    const met = this.waiting.filter(({ condition }) => condition());
    this.waiting = this.waiting.filter((each) => !met.includes(each));
    for (const { resolve } of met) {
      resolve();
    }
  }

  private begin({ setup, isRecorded }: Extract<Tell, { kind: "started" }>): void {
    this.isRecorded = isRecorded;
    this.runs += 1;
    this.model = new Model(setup.harts);
    this.setup = setup;
    this.lost = undefined;
    this.clock = 0;
    this.end = 0;
    this.printed = "";
    this.shownMoment = -1;
    this.picture.show(this.model);
    this.controls.show(setup);
    this.moment.showRunning();
    this.choose(Math.min(this.hart, setup.harts - 1));
    this.keepAddress();
  }

  private takeFrame(told: Extract<Tell, { kind: "frame" }>): void {
    if (told.branchedAt !== undefined) {
      this.model.truncate(told.branchedAt);
    }
    this.model.add(told.rows, told.names);
    const text = new TextDecoder().decode(told.console);
    this.printed = told.consoleAnew ? text : this.printed + text;
    if (told.consoleAnew) {
      this.console.replace(told.console);
    } else if (told.console.length > 0) {
      this.console.write(told.console);
    }
    const wasRunning = this.state === "running";
    const hasMoved = told.clock !== this.clock;
    this.clock = told.clock;
    this.end = told.end;
    this.state = told.state;
    if (this.state === "running" && !wasRunning) {
      this.shownMoment = -1;
      this.moment.showRunning();
    }
    Object.assign(this.picture, { clock: told.clock, end: told.end });
    this.picture.view.axis.end = told.end;
    if (this.state !== "running" && hasMoved && !this.picture.view.isFollowing) {
      this.picture.view.reveal(told.clock);
    }
    this.transport.show(this.picture.view.axis, told.clock, told.end, told.state);
    if (this.state !== "running") {
      this.say();
    }
    this.picture.paintSoon();
  }

  /** The address follows the run: a reload is the same run. */
  private keepAddress(): void {
    const hash = this.isRecorded ? undefined : writeAddress(this.version, this.setup);
    if (hash !== undefined && hash !== location.hash) {
      history.replaceState(undefined, "", hash);
    }
  }

  /** The picture in words, for those who do not see it. */
  private say(): void {
    byId("said", HTMLElement).textContent = sentencesOf(this.model, this.clock);
  }
}
