/**
 * How a self-test reports its result.
 *
 *   SELFTEST: <what> ok                      it was seen to happen
 *   proof: <name> <data> sha256=<64 hex>     what was measured, and SHA-256 over "<nonce> <name> <data>"
 *   SELFTEST: <name> FAILED <why>            instead of both
 *
 * The nonce is a random number that the host gave to this run, so the proof line can not be older than the run; the
 * host recomputes it (tools/boot/verdict/proof.ts) and judges the data.
 */
import { Topic } from "abi/info";
import { Role } from "abi/startup";
import { PRODUCTION } from "gen/profile";
import { information, result } from "runtime/call";
import { LINE_BYTES_MAX, line, print } from "runtime/log";
import { refusalName } from "runtime/names";
import { slotOf } from "runtime/startup";
import { SHA256_DIGEST_BYTES, SHA256_STATE_BYTES, Sha256 } from "sha256/sha256";
import { LINE_STATE_BYTES, Line } from "text/line";

const NONCE_BYTES: u32 = 16;
/** Room for nonce, name and data of a proof, in text. */
const PROOF_TEXT_BYTES: u32 = 512;

const dataLine = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const dataBuffer: usize = memory.data(LINE_BYTES_MAX, 8);
const textLine = changetype<Line>(memory.data(LINE_STATE_BYTES, 8));
const textBuffer: usize = memory.data(PROOF_TEXT_BYTES, 8);
const sha = changetype<Sha256>(memory.data(SHA256_STATE_BYTES, 8));
const digest: usize = memory.data(SHA256_DIGEST_BYTES, 8);
const nonce: usize = memory.data(NONCE_BYTES, 8);

/** The data of the next proof, empty: built while the console's line is used for something else. */
export function proofData(): Line {
  return dataLine.begin(dataBuffer, LINE_BYTES_MAX);
}

/** Prints that a self-test passed whose proof would name harts and count ticks: a production build leaves that out. */
export function passedOnHarts(what: string, name: string, data: Line): bool {
  if (!PRODUCTION) {
    return passed(what, name, data);
  }
  print(line().text("SELFTEST: ").text(what).text(" ok"));
  return true;
}

/**
 * Prints that a self-test passed, and its proof.
 *
 * @param what as the marker contract spells it (scripts/qemu-test.markers)
 * @param name of the proof
 * @param data what was measured, from `proofData()`
 * @returns false, after a failure line, if there is no nonce to prove it with
 */
export function passed(what: string, name: string, data: Line): bool {
  if (information(slotOf(Role.Info), Topic.Nonce, 0) < 0) {
    return fail(failed(name).text("no nonce to be had"));
  }
  store<u64>(nonce, result(0));
  store<u64>(nonce, result(1), 8);
  const text = textLine.begin(textBuffer, PROOF_TEXT_BYTES);
  text.hexBytes(nonce, NONCE_BYTES).text(" ").text(name).text(" ").bytes(data.address, data.length);
  sha.begin().update(text.address, text.length).finish(digest);

  print(line().text("SELFTEST: ").text(what).text(" ok"));
  const words = line().text("proof: ").text(name).text(" ").bytes(data.address, data.length);
  print(words.text(" sha256=").hexBytes(digest, SHA256_DIGEST_BYTES));
  return true;
}

/** The beginning of the line for a self-test that failed; the reason follows, then `fail`. */
export function failed(name: string): Line {
  return line().text("SELFTEST: ").text(name).text(" FAILED ");
}

/** Prints the line and gives false, for the test to return. */
export function fail(words: Line): bool {
  print(words);
  return false;
}

/** The name of a call's outcome: a Refusal, or a service's status. */
export function outcomeName(outcome: i32, statusName: (status: i32) => string): string {
  return outcome < 0 ? refusalName(outcome) : statusName(outcome);
}
