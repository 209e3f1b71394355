// The words of the command line, up to the point where a command would begin its work, and the plans in them: faults,
// chaos. An input has one word a line.

import { Command, CommanderError } from "commander";
import { Problem } from "../../../host/problem.ts";
import { parseChaos } from "../../../machine/host/chaos.ts";
import { parseFaults } from "../../../machine/host/faults.ts";
import { register as registerBoot } from "../../boot/command.ts";
import { register as registerBuild } from "../../build/command.ts";
import { register as registerExplore } from "../../explore/command.ts";
import { register as registerImage } from "../../image/command.ts";
import { register as registerHw } from "../../nx-hw/command.ts";
import { register as registerReplay } from "../../replay/command.ts";
import { type AnswerCoverage, runningHost } from "../engine/answers.ts";
import { bytesOf, promise, type Target } from "../engine/target.ts";
import { allowsPlain } from "./allows.ts";

const INPUT_BYTES_MAX = 512;
const FAULT_EVENT_MAX = 2n ** 63n;

/** The command line, whose commands do nothing. */
function commandLine(): Command {
  const program = new Command("nx").exitOverride();
  for (const register of [
    registerBoot,
    registerReplay,
    registerExplore,
    registerHw,
    registerImage,
    registerBuild,
  ]) {
    register(program);
  }
  quieten(program);
  return program;
}

function quieten(command: Command): void {
  command.exitOverride().configureOutput({ writeOut: () => {}, writeErr: () => {}, outputError: () => {} });
  if (command.commands.length === 0) {
    command.action(() => {});
  }
  command.commands.forEach(quieten);
}

function readPlans(coverage: AnswerCoverage, words: readonly string[]): void {
  for (const word of words) {
    allowsPlain(coverage, () => parseChaos(word));
    for (const { first, last } of allowsPlain(coverage, () => parseFaults(word)) ?? []) {
      promise(first >= 1n && first <= last && last <= FAULT_EVENT_MAX, "a fault names no event");
    }
  }
}

const lines = [
  "boot --smp 2 --seed 7 --chaos all,-switch --fault used-id@3,late@5-7 --timeout 60 --json --no-disk",
  "boot --machine embedded --slot last --trust build --gdb 0 --profile production",
  "explore --seeds 1..100 --shard 2/8 --run ps;jobs --workers 2 --aclint",
  "replay run.nxr --gdb 1234",
  "image build folder out.img --compress lz4 --label x",
  "hw smp --json",
  "build virtioblkd --profile bringup",
];

export const options: Target = {
  name: "options",
  about: "the words of the command line, and the plans in them",
  inputBytesMax: INPUT_BYTES_MAX,
  isText: true,
  start: async () => {
    const program = commandLine();
    return runningHost({
      seeds: lines.map((line) => bytesOf(line.replaceAll(" ", "\n"))),
      dictionary: [...new Set(lines.flatMap((line) => line.split(" ")))].map((word) =>
        bytesOf(`\n${word}\n`),
      ),
      run: (input, answers) => {
        // No operating system passes a zero in a word.
        const words = Buffer.from(input).toString("utf8").replaceAll("\0", "").split("\n");
        try {
          program.parse(words, { from: "user" });
        } catch (error) {
          if (!(error instanceof CommanderError || error instanceof Problem)) {
            throw error;
          }
          answers.say(error.message);
        }
        readPlans(answers, words);
      },
    });
  },
};
