// `monitor WORDS` in gdb: questions to the machine that gdb's protocol has no packets for, and the choice of a program.
//
// Nothing here is Node's.

import { chaosKinds } from "../chaos.ts";
import { describeHarts } from "../harts.ts";
import type { Debugger } from "./debugger.ts";
import { Focus } from "./focus.ts";

/** What a caller knows of the programs that run. */
export interface Programs {
  /** The names, for messages. */
  readonly names: readonly string[];
  /** The path of a program's ELF file, as gdb is to be told. Undefined if there is no such program. */
  path: (name: string) => string | undefined;
  /** The ELF file. Undefined if there is no such program, or it cannot be read. */
  read: (name: string) => Uint8Array | undefined;
}

/** A word that may stand behind `monitor`. */
export interface Question {
  readonly word: string;
  readonly meaning: string;
  /** The answer in lines. `argument` is what stands behind the word. */
  answer: (debugged: Debugger, argument: string, programs: Programs) => string[] | Promise<string[]>;
}

const questions: readonly Question[] = [
  {
    word: "when",
    meaning: "how far the run is",
    answer: (debugged) => {
      const { clock, machine } = debugged.run;
      const place = debugged.isInPresent ? "the present" : "the past";
      return [
        `clock ${clock} (${machine.instructions} instructions, and time in which all harts wait), in ${place}`,
      ];
    },
  },
  {
    word: "seed",
    meaning: "what the run follows from",
    answer: ({ run }) => {
      const { seed, chaos = 0, faults, harts } = run.machine.settings;
      const kinds = chaosKinds.filter(([, bit]) => (chaos & bit) !== 0).map(([word]) => word);
      return [
        `seed ${seed}, ${harts} harts, chaos ${kinds.length === 0 ? "none" : kinds.join(",")}, ${faults.length} faults of the disk`,
      ];
    },
  },
  {
    word: "harts",
    meaning: "what each hart does",
    answer: ({ run }) => describeHarts(run.machine, () => []),
  },
  {
    word: "task",
    meaning: "task NAME: breakpoints in programs stop that program only; task alone: any",
    answer: (debugged, name, programs) => {
      if (name === "") {
        debugged.stops.focus = undefined;
        return ["breakpoints stop every program that comes to their address"];
      }
      const file = programs.read(name);
      if (file === undefined) {
        return [`there is no program ${name}: ${programs.names.join(", ")}`];
      }
      debugged.stops.focus = new Focus(name, file);
      return [
        `breakpoints in programs stop ${name} only; its symbols:`,
        `  add-symbol-file ${programs.path(name) ?? name}`,
      ];
    },
  },
];

/** The answer to what a person typed behind `monitor`, in lines. @param more the questions of a kernel that the caller knows */
export async function monitor(
  debugged: Debugger,
  text: string,
  programs: Programs,
  more: readonly Question[],
): Promise<string[]> {
  const all = [...questions, ...more];
  const [word = "", ...words] = text.trim().split(/\s+/);
  const question = all.find((each) => each.word === word);
  if (question !== undefined) {
    return await question.answer(debugged, words.join(" "), programs);
  }
  const lines = all.map((each) => `monitor ${each.word.padEnd(6)} ${each.meaning}`);
  return word === "" || word === "help" ? lines : [`there is no "monitor ${word}":`, ...lines];
}
