/**
 * The methods of console.capnp. One client at a time waits for a line; a few may wait for a flush. Their reply tokens
 * are kept here, and every answer goes out by `reply` at once: the message page also brings printed text, so an answer
 * cannot stay in it.
 *
 * Reached from main.ts; goes on in terminal.ts.
 */
import { MESSAGE_BYTES_MAX, messageInfo } from "abi/message";
import { finishMessage } from "capnp/build";
import {
  ConsoleFlushParams,
  ConsoleFlushResultsBuilder,
  ConsoleMethod,
  ConsoleReadLineParams,
  ConsoleReadLineResultsBuilder,
  ConsoleStatus,
  ConsoleWriteParams,
  ConsoleWriteResultsBuilder,
  LINE_BYTES_MAX,
  PROMPT_BYTES_MAX,
} from "gen/idl/console";
import { deadlineIn, now } from "runtime/call";
import { messagePage, reply } from "runtime/ipc";
import { Outcome, Request } from "runtime/service";
import { startup } from "runtime/startup";
import { FLUSH_POLL_MILLISECONDS, FLUSHES_MAX } from "./limits";
import { lineLength, lineStart, Verdict } from "./line";
import {
  awaitDevice,
  beginLine,
  isDrained,
  isFlushed,
  nextInterrupt,
  notePrinted,
  printText,
  work,
} from "./terminal";

/** A copy of a request's text: the message page has other uses while the request is handled. */
const text: usize = memory.data(LINE_BYTES_MAX, 8);

/** The client that waits for a line. */
let readerToken: u64 = 0;
let readerBadge: u32 = 0;
let isRead: bool = false;

const flushTokens: usize = memory.data(FLUSHES_MAX * 8, 8);
let flushCount: u32 = 0;

/** Handles one message. Every answer is sent from this file, never by the service loop. */
export function onRequest(request: Request): Outcome {
  const method = request.w0;
  if (method === ConsoleMethod.write) {
    onWrite(request);
  } else if (method === ConsoleMethod.readLine) {
    onReadLine(request);
  } else if (method === ConsoleMethod.flush) {
    onFlush(request);
  } else {
    answerStatus(request.token, ConsoleStatus.unknownMethod);
  }
  progress();
  awaitDevice();
  return Outcome.Deferred;
}

/** Does what can be done now, and answers the clients whose requests that completes. */
export function progress(): void {
  const verdict = work();
  if (verdict !== Verdict.More) {
    answerReader(verdict);
  }
  answerFlushes();
}

/**
 * Handles the deadlines that have passed.
 *
 * @returns the latest time to call again: no interrupt announces the transmitter's last byte, or a Ctrl-C that was held
 *   back
 */
export function poll(): u64 {
  answerFlushes();
  if (nextInterrupt() <= now()) {
    progress();
    awaitDevice();
  }
  if (flushCount === 0 || !isDrained()) {
    return nextInterrupt();
  }
  return min<u64>(nextInterrupt(), deadlineIn(FLUSH_POLL_MILLISECONDS, startup().timebase));
}

/** Answers the clients that wait until everything is out of the device. */
function answerFlushes(): void {
  if (flushCount === 0 || !isFlushed()) {
    return;
  }
  for (let i: u32 = 0; i < flushCount; i++) {
    answerStatus(load<u64>(flushTokens + <usize>(i << 3)), ConsoleStatus.ok);
  }
  flushCount = 0;
}

function onWrite(request: Request): void {
  const params = ConsoleWriteParams.open(messagePage(), request.bytes);
  let status = ConsoleStatus.badMessage;
  if (params !== null) {
    const length = params.textLength;
    status = ConsoleStatus.tooLong;
    if (length <= LINE_BYTES_MAX) {
      memory.copy(text, params.textStart, length);
      status = printText(text, length) ? ConsoleStatus.ok : ConsoleStatus.full;
    }
  }
  ConsoleWriteResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX).status = status;
  send(request.token);
}

function onReadLine(request: Request): void {
  const params = ConsoleReadLineParams.open(messagePage(), request.bytes);
  let status = ConsoleStatus.badMessage;
  if (params !== null) {
    const length = params.promptLength;
    if (length > PROMPT_BYTES_MAX) {
      status = ConsoleStatus.tooLong;
    } else if (isRead && readerBadge !== request.badge) {
      status = ConsoleStatus.busy;
    } else {
      // If the same client asks again, it has given up its first call: it has one thread.
      memory.copy(text, params.promptStart, length);
      beginLine(text, length);
      readerToken = request.token;
      readerBadge = request.badge;
      isRead = true;
      return;
    }
  }
  answerLine(request.token, status, 0);
}

function onFlush(request: Request): void {
  const params = ConsoleFlushParams.open(messagePage(), request.bytes);
  if (params === null) {
    return answerStatus(request.token, ConsoleStatus.badMessage);
  }
  if (flushCount === FLUSHES_MAX) {
    return answerStatus(request.token, ConsoleStatus.busy);
  }
  store<u64>(flushTokens + <usize>(flushCount << 3), request.token);
  flushCount += 1;
  notePrinted();
}

function answerReader(verdict: Verdict): void {
  isRead = false;
  if (verdict === Verdict.Line) {
    answerLine(readerToken, ConsoleStatus.ok, lineLength());
  } else if (verdict === Verdict.Interrupted) {
    answerLine(readerToken, ConsoleStatus.interrupted, 0);
  } else {
    answerLine(readerToken, ConsoleStatus.ended, 0);
  }
}

function answerLine(token: u64, status: ConsoleStatus, length: u32): void {
  const results = ConsoleReadLineResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX);
  results.status = status;
  if (length > 0) {
    results.setLine(lineStart(), length);
  }
  send(token);
}

/** An answer that is nothing but a status has the same form in every method. */
function answerStatus(token: u64, status: ConsoleStatus): void {
  ConsoleFlushResultsBuilder.begin(messagePage(), MESSAGE_BYTES_MAX).status = status;
  send(token);
}

/** Sends the answer that was built. The client may have given up waiting, which is not an error. */
function send(token: u64): void {
  reply(token, messageInfo(finishMessage()), 0, 0);
}
