/**
 * How the attacker prints the outcome of an attempt. It judges nothing: the tests (tests/attack) have the expected
 * outcome, beside the sentence that the attempt is about.
 *
 *   attack: <what was tried> = <outcome>     a refusal's name, a service's status, how a task ended, or a number
 */
import { BlkStatus } from "gen/idl/virtio_blk";
import { blkStatusName } from "runtime/blocks";
import { line, print } from "runtime/log";
import { refusalName } from "runtime/names";
import { Line } from "text/line";

/** Begins the line of an attempt; the outcome follows, then `print`. */
export function attempt(what: string): Line {
  return line().text("attack: ").text(what).text(" = ");
}

/** Prints the kernel's answer: the name of a refusal, or that it was done. */
export function tellStatus(what: string, status: i32): void {
  print(attempt(what).text(status < 0 ? refusalName(status) : "done"));
}

/** Prints virtioblkd's answer: a refusal of the kernel, or a status of its own. */
export function tellBlock(what: string, outcome: i32): void {
  print(attempt(what).text(outcome < 0 ? refusalName(outcome) : blkStatusName(<BlkStatus>outcome)));
}

export function tellNumber(what: string, value: u64): void {
  print(attempt(what).decimal(value));
}

/** A number that belongs to hart `hart`: `attack: <what> <hart> = <value>`. */
export function tellOfHart(what: string, hart: u32, value: u64): void {
  print(line().text("attack: ").text(what).text(" ").decimal(hart).text(" = ").decimal(value));
}
