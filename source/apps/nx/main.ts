/**
 * nx, in the guest: answers one question about the machine and leaves. The question is its argument, the answer goes
 * to the console in lines that a program can read (`nx: key=value …`, ended by `nx: end`); ./nx on the host asks,
 * and prints tables.
 *
 * Exit code 0: answered. 1: the system could not say. 2: no such question.
 */
import { STARTUP_ARGUMENT_BYTES } from "abi/startup";
import { line, print } from "runtime/log";
import { setTaskName } from "runtime/panic";
import { startup } from "runtime/startup";
import { equals, lengthToZero } from "text/bytes";
import { answerSmp, answerVblkInfo } from "./hw";

const EXIT_ANSWERED: i32 = 0;
const EXIT_FAILED: i32 = 1;
const EXIT_UNKNOWN: i32 = 2;

export function main(): i32 {
  setTaskName("nx");
  const question = startup().argument;
  const length = lengthToZero(question, STARTUP_ARGUMENT_BYTES);
  if (equals(question, length, "hw smp")) return end(answerSmp());
  if (equals(question, length, "hw vblk info")) return end(answerVblkInfo());
  const words = line().text('nx: no such question: "').printable(question, length);
  print(words.text('" (there is: hw smp, hw vblk info)'));
  return EXIT_UNKNOWN;
}

/** The last line of an answer says that it is whole; a failure has said its own. */
function end(isAnswered: bool): i32 {
  if (!isAnswered) return EXIT_FAILED;
  print(line().text("nx: end"));
  return EXIT_ANSWERED;
}
