// The command line: one table of commands, one place where an error becomes an exit code.
//
// A command's folder says in `register` which words and options the command takes. Its work is imported when it runs,
// so that `./nx build` does not load `./nx boot`. Exit codes: 0 it worked, 1 it did not, 2 it was called wrongly.

import { Command, CommanderError } from "commander";
import { printProblem } from "../../host/print-problem.ts";
import { register as registerBench } from "../bench/command.ts";
import { register as registerBoot } from "../boot/command.ts";
import { register as registerBuild } from "../build/command.ts";
import { register as registerDebug } from "../debug/command.ts";
import { register as registerExplore } from "../explore/command.ts";
import { register as registerFuzz } from "../fuzz/command.ts";
import { register as registerImage } from "../image/command.ts";
import { register as registerLicences } from "../licences/command.ts";
import { register as registerNew } from "../new/command.ts";
import { register as registerHw } from "../nx-hw/command.ts";
import { register as registerPlayground } from "../playground/command.ts";
import { register as registerReplay } from "../replay/command.ts";
import { register as registerRun } from "../run/command.ts";
import { register as registerTest } from "../test/command.ts";

/** Adds a command, with its options and help, to the program. Every command's folder exports one of these. */
export type Register = (program: Command) => void;

/** Every command, in the order in which the help lists them. */
const commands: readonly Register[] = [
  registerBoot,
  registerRun,
  registerPlayground,
  registerDebug,
  registerReplay,
  registerExplore,
  registerTest,
  registerFuzz,
  registerHw,
  registerImage,
  registerBuild,
  registerNew,
  registerBench,
  registerLicences,
];

function commandLine(): Command {
  const program = new Command("nx")
    .description("Neuron: builds, boots, tests and looks into the operating system in this repository.")
    .usage("<command> [options]")
    .exitOverride()
    // What follows the program's name in `./nx run` is the program's.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .showHelpAfterError("(./nx --help lists the commands, ./nx <command> --help its options)")
    .configureHelp({ showGlobalOptions: false, subcommandTerm: (command) => command.name() })
    .addHelpText(
      "after",
      `
Exit codes:
  0  it worked            1  it did not, and the last lines say why
  2  the command line was not understood`,
    );
  for (const register of commands) {
    register(program);
  }
  return program;
}

/** Runs one command line (without `node` and the script) and gives the exit code. */
async function run(args: readonly string[]): Promise<number> {
  const program = commandLine();
  try {
    if (args.length === 0) {
      program.help({ error: true });
    }
    await program.parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      return printProblem(error, process.stderr);
    }
    // Commander has already printed its message. Help that the user asked for is no mistake, but help can also come
    // unasked.
    return error.exitCode === 0 ? 0 : 2;
  }
}

/** The reader of our output may stop (`| head`), which is no mistake; a full disk is reported. */
function onOutputLost(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") {
    printProblem(error, process.stderr);
  }
  process.exit(1);
}

process.stdout.on("error", onOutputLost);
// There is no place left to report this error.
process.stderr.on("error", () => {});
process.exitCode = await run(process.argv.slice(2));
