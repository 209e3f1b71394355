// The worker: it has the machine, answers what the page asks, and tells what happens, about thirty times a second. A slice of
// the run is short, so a question waits for some milliseconds at most.

import { Layout } from "../../host/debug/layout.ts";
import { Chassis } from "../../machine/host/module.ts";
import type { Recording } from "../../machine/host/recording/format.ts";
import { type Ask, ask, type Tell } from "../protocol/messages.ts";
import { type Setup, usualSetup } from "../protocol/setup.ts";
import { type Files, fetchFiles } from "./files.ts";
import { findLost, plantLost } from "./lost.ts";
import { momentOf } from "./moments.ts";
import { decodeRecording, encodeRecording, endOf } from "./recordings.ts";
import { Session } from "./session.ts";
import { eventsOf, outsideOf, settingsOf } from "./settings.ts";
import { Symbols } from "./symbols.ts";

/** Milliseconds of one slice, and between two looks at a run that waits for the wall's clock. */
const SLICE_MS = 14;
const REST_MS = 12;

class Host {
  private readonly port: MessagePort;
  private readonly files: Files;
  private readonly chassis: Chassis;
  private readonly layout: Layout;
  private symbols: Symbols;
  private setup: Setup = usualSetup;
  private session: Session | undefined;
  private recorded: Recording | undefined;
  private consoleTold = 0;
  private consoleAnew = true;
  private goingTo: number | undefined;
  private told = "";
  private isQueued = false;

  constructor(port: MessagePort, files: Files) {
    this.port = port;
    this.files = files;
    this.chassis = new Chassis(files.module);
    this.layout = new Layout(files.manifest.layout);
    this.symbols = new Symbols(files.kernel, files.manifest.programs);
    port.onmessage = ({ data }) => {
      this.answer(ask(data, "a question")).catch((error: unknown) => this.complain(error));
    };
  }

  private async answer(asked: Ask): Promise<void> {
    switch (asked.kind) {
      case "start":
        this.start(asked.setup);
        return;
      case "open":
        await this.open(asked.file);
        return;
      case "save":
        await this.save();
        return;
      case "goTo":
        this.goingTo = asked.clock;
        this.soon();
        return;
      default:
        this.control(asked);
    }
  }

  private control(asked: Exclude<Ask, { kind: "start" | "open" | "save" | "goTo" }>): void {
    const { session } = this;
    if (session === undefined) {
      return;
    }
    switch (asked.kind) {
      case "play":
        session.play();
        break;
      case "pause":
        session.pause();
        break;
      case "step":
        session.step(asked.hart, asked.back);
        this.consoleAnew = true;
        break;
      case "runTo":
        session.runTo(asked.text);
        break;
      case "input":
        session.input(asked.bytes);
        session.play();
        break;
      case "plant":
        this.plant(session);
        break;
    }
    this.soon();
  }

  private start(setup: Setup): void {
    const settings = settingsOf(this.files, setup);
    this.recorded = undefined;
    this.setup = setup;
    this.symbols = new Symbols(this.files.kernel, this.files.manifest.programs);
    this.begin(new Session(this.chassis, settings, eventsOf(setup), this.layout));
    if (this.session !== undefined && setup.stopAt !== undefined) {
      this.session.stopAt = BigInt(setup.stopAt);
    }
  }

  private async open(file: string): Promise<void> {
    let recording: Recording;
    try {
      recording = await decodeRecording(file);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.tell({
        kind: "problem",
        what: `This file cannot be opened: ${why}.`,
        todo: "Make one with Save, or with ./nx boot --record run.nxr.",
      });
      return;
    }
    const { settings, events, end } = recording;
    this.recorded = recording;
    const { harts, seed } = settings;
    this.setup = { ...usualSetup, seed: String(seed), harts };
    this.symbols = new Symbols(settings.kernel, this.files.manifest.programs);
    this.begin(new Session(this.chassis, settings, events, this.layout));
    if (this.session !== undefined && end !== undefined) {
      this.session.stopAt = end.clock;
    }
  }

  private begin(session: Session): void {
    this.session = session;
    this.consoleTold = 0;
    this.consoleAnew = true;
    this.goingTo = undefined;
    this.told = "";
    if (this.setup.planted.length > 0) {
      this.watch(session);
    }
    this.tell({ kind: "started", setup: this.setup, isRecorded: this.recorded !== undefined });
    this.soon();
  }

  /** Does the next thing, after messages that are waiting. */
  private soon(delay = 0): void {
    if (this.isQueued) {
      return;
    }
    this.isQueued = true;
    setTimeout(() => {
      this.isQueued = false;
      try {
        this.work();
      } catch (error) {
        this.complain(error);
      }
    }, delay);
  }

  private work(): void {
    const { session } = this;
    if (session === undefined) {
      return;
    }
    if (this.goingTo !== undefined) {
      const back = BigInt(this.goingTo) < session.clock;
      session.goTo(BigInt(this.goingTo));
      this.goingTo = undefined;
      this.consoleAnew ||= back;
    }
    const wasPlaying = session.isPlaying;
    session.advance(SLICE_MS);
    this.report(session);
    if (wasPlaying && !session.isPlaying) {
      this.compare(session);
    }
    if (session.state === "running") {
      this.soon(session.isAtEnd ? REST_MS : 0);
    }
  }

  private report(session: Session): void {
    const { branchedAt } = session;
    session.branchedAt = undefined;
    const { rows, names } = session.rows();
    const all = session.run.consoleBytes;
    const consoleAnew = this.consoleAnew || all.length < this.consoleTold;
    const console = all.slice(consoleAnew ? 0 : this.consoleTold);
    this.consoleTold = all.length;
    this.consoleAnew = false;
    const { state } = session;
    const clock = Number(session.clock);
    const end = Number(session.end);
    this.tell({
      kind: "frame",
      clock,
      end,
      state,
      branchedAt: branchedAt === undefined ? undefined : Number(branchedAt),
      rows,
      names,
      console,
      consoleAnew,
    });
    const key = `${state} ${clock}`;
    if (state !== "running" && key !== this.told) {
      this.told = key;
      this.tellSetup(session);
      void this.tellMoment(session);
    }
  }

  private tellSetup(session: Session): void {
    this.setup = { ...this.setup, ...outsideOf(session.run.events) };
    this.tell({ kind: "setup", setup: this.setup });
  }

  private async tellMoment(session: Session): Promise<void> {
    const clock = Number(session.clock);
    const harts = await momentOf(session.run.machine, session.kernel, this.symbols, session.numbers);
    if (this.session === session && Number(session.clock) === clock) {
      this.tell({ kind: "moment", clock, harts });
    }
  }

  /** At the end of a recording: whether it is the same run. */
  private compare(session: Session): void {
    const end = this.recorded?.end;
    if (end === undefined || session.clock !== end.clock) {
      return;
    }
    const now = endOf(session.run);
    const isSame = now.stateHash === end.stateHash && now.consoleHash === end.consoleHash;
    this.recorded = undefined;
    if (isSame) {
      this.tell({
        kind: "note",
        text: "The recording ends here: the same run, to the last byte of its state.",
      });
      return;
    }
    this.tell({
      kind: "problem",
      what: "This run went another way than the recorded one: another build of the machine made the recording.",
      todo: "Open it with the build that recorded it, or look at it as it is.",
    });
  }

  private async save(): Promise<void> {
    const { session } = this;
    if (session === undefined) {
      return;
    }
    const { run } = session;
    const file = await encodeRecording({
      settings: run.machine.settings,
      events: run.events.filter(({ at }) => at <= run.clock),
      end: endOf(run),
      module: this.files.manifest.module,
    });
    this.tell({ kind: "saved", file });
  }

  private plant(session: Session): void {
    if (!plantLost(session)) {
      this.tell({
        kind: "problem",
        what: "No hart sends another one an interrupt here.",
        todo: "Type a command first, such as hw smp.",
      });
      return;
    }
    this.consoleAnew = true;
    this.watch(session);
    session.play();
  }

  /** Stands still where a wake-up is found to be lost. */
  private watch(session: Session): void {
    session.run.onAllWait = () => {
      const lost = findLost(session);
      if (lost !== undefined) {
        session.run.onAllWait = undefined;
        session.run.askForStop();
        this.tell({ kind: "lost", clock: Number(session.clock), ...lost });
      }
    };
  }

  private complain(error: unknown): void {
    const what = error instanceof Error ? error.message : String(error);
    this.tell({ kind: "problem", what: `${what}.`, todo: "Correct it, or choose Start over." });
  }

  private tell(message: Tell): void {
    const transfer = message.kind === "frame" ? [message.rows.buffer] : [];
    this.port.postMessage(
      message,
      transfer.filter((buffer) => buffer instanceof ArrayBuffer),
    );
  }
}

self.onmessage = async ({ ports: [port] }: MessageEvent) => {
  if (port === undefined) {
    return;
  }
  try {
    const host = new Host(port, await fetchFiles());
    port.start();
    void host;
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    const told: Tell = {
      kind: "problem",
      what: `The machine cannot start: ${what}.`,
      todo: "Reload the page; if that does not help, build it again with ./nx playground --build.",
    };
    port.postMessage(told);
  }
};
