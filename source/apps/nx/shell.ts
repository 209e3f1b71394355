/**
 * The shell: reads a line from consoled, executes it, and repeats until `poweroff`, Ctrl-D, or the end of consoled.
 */
import { Role } from "abi/startup";
import { NO_SLOT } from "abi/syscall";
import { ConsoleStatus } from "gen/idl/console";
import { consoleStatusName, readLine, TypedLine } from "runtime/console";
import { line, print } from "runtime/log";
import { refusalName } from "runtime/names";
import { slotOf } from "runtime/startup";
import { answerPeople } from "./answer";
import { execute, Outcome } from "./commands";

const PROMPT: string = "nx> ";
/** The first line: from here on a person uses the console. ./nx boot waits for it (tools/boot/interactive.ts). */
const GREETING: string = "nx: shell (help lists the commands, poweroff ends)";

const typed = changetype<TypedLine>(memory.data(offsetof<TypedLine>(), 8));

/** Reads lines from consoled and executes them. Prints why and returns false if there is no consoled to read from. */
export function shell(): bool {
  const service = slotOf(Role.ConsoleService);
  if (service === NO_SLOT) {
    print(line().text("nx: there is no console to read from"));
    return false;
  }
  answerPeople(true);
  print(line().text(GREETING));
  let status: i32 = ConsoleStatus.ok;
  while (status === ConsoleStatus.ok || status === ConsoleStatus.interrupted) {
    status = readLine(service, PROMPT, typed);
    if (status !== ConsoleStatus.ok) {
      continue;
    }
    if (execute(typed.start, typed.length) === Outcome.PowerOff) {
      return true;
    }
  }
  if (status === ConsoleStatus.ended) {
    return true;
  }
  const why = status < 0 ? refusalName(status) : consoleStatusName(status);
  print(line().text("nx: reading a line failed: ").text(why));
  return false;
}
