// One session of the target `gdb-session`: lines of an input are sent as packets, and every answer is judged.
//
//     c                 a packet
//     !c                the same, and an interrupt right behind it
//     ~c                the same with a wrong checksum
//     >x                a person types x
//
// What was not written by the debugger must be as in a run that no debugger ever saw, and what was written as in one to which
// the same came from outside.

import type { Debugger, Reach } from "../../../../machine/host/gdb/debugger.ts";
import { GdbSession } from "../../../../machine/host/gdb/gdb.ts";
import { checksum, packetOf } from "../../../../machine/host/gdb/words.ts";
import type { MachineSettings } from "../../../../machine/host/machine.ts";
import type { Chassis } from "../../../../machine/host/module.ts";
import { stateHash } from "../../../../machine/host/recording/recording.ts";
import { Run, type RunEvent } from "../../../../machine/host/run.ts";
import type { AnswerCoverage } from "../../engine/answers.ts";
import { Broken, promise } from "../../engine/target.ts";

/** So short that a session has several moments to go back to. */
export const reach: Reach = { step: 3_000n, moments: 700n };
/** A session looks for an interrupt after so many instructions. */
const SLICE = 5_000n;
/** Slices of one packet, after which the interrupt comes, and those that it may take then. */
const SLICES_BEFORE = 2;
const SLICES_AFTER = 1;
/** How far the machine goes on after gdb has left. */
const GOES_ON = 5_000n;
const LINES_MAX = 24;
const INTERRUPT = "\x03";
/** Packets that are followed by no answer. */
const KILL = "k";

/** How a session is made: a test takes a debugger with a fault. */
export type MakeDebugger = (run: Run, typed: number[]) => Debugger;

/** The machines of a session: the one that is debugged, and one for comparison. */
export interface Machines {
  readonly debugged: Chassis;
  readonly other: Chassis;
  readonly settings: MachineSettings;
}

export class FuzzedSession {
  private readonly run: Run;
  private readonly machines: Machines;
  private readonly session: GdbSession;
  private readonly typed: number[] = [];
  private readonly answers: AnswerCoverage;
  private sent = "";
  private acknowledges = true;
  private slices = 0;

  constructor(machines: Machines, make: MakeDebugger, answers: AnswerCoverage) {
    this.machines = machines;
    this.answers = answers;
    this.run = new Run(machines.debugged, machines.settings);
    const debugged = make(this.run, this.typed);
    const send = (text: string): void => {
      this.sent += text;
    };
    this.session = new GdbSession(debugged, send, async () => this.breathe(), { slice: SLICE });
  }

  /** The whole session. */
  async play(input: Uint8Array): Promise<void> {
    const lines = Buffer.from(input).toString("latin1").split("\n").slice(0, LINES_MAX);
    let leaves: "D" | "k" | undefined;
    for (const line of lines) {
      await this.line(line);
      const packet = line.replace(/^!/, "");
      leaves ??= packet === "D" || packet === KILL ? packet : undefined;
    }
    promise(
      this.run.events.every(({ at }, index, all) => index === 0 || at >= (all[index - 1]?.at ?? 0n)),
      "the events of the run are out of order",
    );
    const how = await this.session.lose();
    const expected = leaves === "D" ? "detached" : leaves === KILL ? "killed" : "lost";
    promise(how === expected, `gdb has left as ${how}`);
    this.compare("gdb has left");
    this.run.advanceTo(this.run.clock + GOES_ON);
    this.compare("the machine has gone on");
  }

  private async line(line: string): Promise<void> {
    if (line.startsWith(">")) {
      this.typed.push(...Buffer.from(line.slice(1), "latin1"));
      return;
    }
    const isWrong = line.startsWith("~");
    const isInterrupted = line.startsWith("!");
    const packet = (isWrong || isInterrupted ? line.slice(1) : line).replaceAll(/[$#]/g, "");
    const hasLeft = this.hasLeft;
    const before = this.run.clock;
    this.sent = "";
    this.slices = 0;
    const text = isWrong
      ? `$${packet}#${((checksum(packet) + 1) & 0xff).toString(16).padStart(2, "0")}`
      : packetOf(packet);
    this.session.receive(Buffer.from(text + (isInterrupted ? INTERRUPT : ""), "latin1"));
    await this.session.settled();
    this.judge(packet, isWrong, hasLeft);
    if (this.run.clock < before) {
      this.compare("it has gone back");
    }
  }

  private hasLeft = false;

  /** There is one answer to each packet, behind what is for gdb's console, and one acknowledgement. */
  private judge(packet: string, isWrong: boolean, hadLeft: boolean): void {
    const { sent } = this;
    const mark = this.acknowledges ? (isWrong ? "-" : "+") : "";
    promise(sent.startsWith(mark), "a packet is not acknowledged");
    const texts = Array.from(sent.slice(mark.length).matchAll(/\$([^$#]*)#([0-9a-f]{2})/g));
    promise(
      texts.map(([whole]) => whole).join("") === sent.slice(mark.length),
      "the session sends no packets",
    );
    promise(
      texts.every(([, data = "", sum]) => checksum(data) === Number.parseInt(sum ?? "", 16)),
      "an answer has a wrong checksum",
    );
    const answers = texts.map(([, data = ""]) => data).filter((data) => !/^O(?:[0-9a-f]{2})+$/.test(data));
    const isAnswered = !(isWrong || hadLeft || packet === KILL);
    promise(
      answers.length === (isAnswered ? 1 : 0),
      `there are ${answers.length} answers to ${packet.slice(0, 1)}`,
    );
    this.hasLeft ||= !isWrong && (packet === "D" || packet === KILL);
    const [answer] = answers;
    if (answer === undefined) {
      return;
    }
    this.acknowledges &&= !(packet === "QStartNoAckMode" && answer === "OK");
    const kind = /^(?:OK|E\d\d|T\d\d.*|)$/.test(answer) ? answer.replaceAll(/\d/g, "") : "words";
    const past = this.run.hasEventsAhead ? "past" : "now";
    this.answers.say(
      `${packet.slice(0, 2)} ${this.run.events.length > 0 ? "changed" : "same"} ${kind}${past}`,
    );
  }

  /** Between two slices. An interrupt comes, if nothing else stops the machine. */
  private breathe(): void {
    this.slices += 1;
    if (this.slices === SLICES_BEFORE) {
      this.session.receive(Buffer.from(INTERRUPT, "latin1"));
    }
    if (this.slices > SLICES_BEFORE + SLICES_AFTER) {
      throw new Broken("the machine does not stop at an interrupt");
    }
  }

  /** The machine is as one that went here without a debugger, and to which the same came from outside. */
  private compare(when: string): void {
    const { clock, events } = this.run;
    const due: RunEvent[] = events.filter(({ at }) => at <= clock);
    const other = new Run(this.machines.other, this.machines.settings, due);
    other.advanceTo(clock);
    promise(other.clock === clock, `${when}: the clock is one that a run without a debugger does not have`);
    promise(
      stateHash(other.machine) === stateHash(this.run.machine),
      `${when}: its state is another one than without a debugger`,
    );
  }
}
