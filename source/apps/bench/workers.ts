/**
 * The same work in several tasks at once, which have nothing to do with each other: what more harts bring. Each worker is
 * a loop of measured.S in an address space of its own. All wait at a gate, so that they begin together; a stretch lasts
 * from there until the last one has ended (bench/kernel/harts/workers.ts counts it, with one hart and with four).
 *
 *     worker ──Call──▶ gate: all are there ──answers──▶ rounds … Exit ──bit──▶ ended
 */
import { Kind, Right } from "abi/handle";
import { STACK_TOP } from "abi/layout";
import { FOREVER, NO_SLOT } from "abi/syscall";
import { Class } from "abi/task";
import { SHARED_BYTES } from "gen/idl/package_fs";
import { create, createTask, createVmo, drop, grant, result, startTask, wait } from "runtime/call";
import { receive, reply, replyToken } from "runtime/ipc";
import { benchBeginStretch, benchEndStretch, benchOperation } from "./assembly";
import { codeOfChildren, giveCode, startChild } from "./children";
import { childEcho, childShare, workerAsks, workerCalls, workerLives, workerReads } from "./symbols";

const WORKERS: u32 = 4;
const ROUNDS: u32 = 400;
/** How often clients of one server meet is a matter of chance, so they go on until it evens out. */
const ASKING_ROUNDS: u32 = 1600;
const ALL_BITS: u64 = (1 << WORKERS) - 1;
/** Where a worker finds what it is given (measured.S). */
const GATE_SLOT: u32 = 0;
const WORK_SLOT: u32 = 1;
const CODE_SLOT: u32 = 2;
/** In the server of readers: the piece. */
const PIECE_SLOT: u32 = 1;
const tokens: usize = memory.data(WORKERS * 8, 8);

let gate: u32 = NO_SLOT;
let ended: u32 = NO_SLOT;
let sharing: u32 = NO_SLOT;

/** A refusal if something could not be created. */
export function measureWorkers(): i32 {
  let status = create(Kind.Endpoint);
  gate = <u32>result(0);
  if (status >= 0) {
    status = create(Kind.Notification);
    ended = <u32>result(0);
  }
  if (status >= 0) {
    status = startSharing();
  }
  if (status === 0) {
    status = measure("call and reply, 4 words", workerCalls());
  }
  if (status === 0) {
    status = measure("ask one server for shared pages", workerAsks());
  }
  if (status === 0) {
    status = measure("read 128 KiB of shared pages", workerReads());
  }
  return status === 0 ? measure("create, run, end and reap a task", workerLives()) : status;
}

/**
 * Starts the one server of all readers. It stands for packagefsd, whose endpoint a program may not pass on to tasks that
 * it makes.
 */
function startSharing(): i32 {
  let status = create(Kind.Endpoint);
  sharing = <u32>result(0);
  if (status >= 0) {
    status = createTask(Class.App, ended, 0);
  }
  const server = <u32>result(0);
  if (status >= 0) {
    status = createVmo(SHARED_BYTES);
  }
  const piece = <u32>result(0);
  if (status >= 0) {
    status = giveCode(server);
  }
  if (status >= 0) {
    status = grant(server, sharing, Right.Receive, 0, 0);
  }
  if (status >= 0) {
    status = grant(server, piece, Right.Read | Right.Transfer, 0, PIECE_SLOT);
  }
  return status < 0 ? status : startTask(server, childShare(), STACK_TOP);
}

function measure(name: string, entry: usize): i32 {
  for (let i: u32 = 0; i < WORKERS; i++) {
    const status = startWorker(entry, i);
    if (status < 0) {
      return status;
    }
  }
  for (let i: u32 = 0; i < WORKERS; i++) {
    const status = receive(gate, FOREVER);
    if (status < 0) {
      return status;
    }
    store<u64>(tokens + <usize>(i << 3), replyToken());
  }
  benchOperation(name, 0);
  benchBeginStretch();
  for (let i: u32 = 0; i < WORKERS; i++) {
    reply(load<u64>(tokens + <usize>(i << 3)), 0, 0, 0);
  }
  let bits: u64 = 0;
  while (bits !== ALL_BITS) {
    const status = wait(ended, FOREVER);
    if (status < 0) {
      return status;
    }
    bits |= result(0);
  }
  benchEndStretch();
  return 0;
}

/** Starts worker number `index` with what its kind of work needs. */
function startWorker(entry: usize, index: u32): i32 {
  let status = createTask(Class.App, ended, 1 << (<u64>index));
  if (status < 0) {
    return status;
  }
  const task = <u32>result(0);
  status = giveCode(task);
  if (status >= 0) {
    status = grant(task, gate, Right.Send, 0, GATE_SLOT);
  }
  if (status >= 0) {
    status = giveWork(task, entry);
  }
  // In place of a stack, which it does not need.
  const rounds = entry === workerAsks() ? ASKING_ROUNDS : ROUNDS;
  return status < 0 ? status : startTask(task, entry, rounds);
}

function giveWork(task: u32, entry: usize): i32 {
  if (entry === workerReads() || entry === workerAsks()) {
    return grant(task, sharing, Right.Send, 0, WORK_SLOT);
  }
  if (entry === workerLives()) {
    let status = create(Kind.Notification);
    const own = <u32>result(0);
    if (status >= 0) {
      status = grant(task, own, Right.All, 0, WORK_SLOT);
    }
    if (status >= 0) {
      status = grant(task, codeOfChildren(), Right.Read | Right.Execute, 0, CODE_SLOT);
    }
    return status < 0 ? status : drop(own);
  }
  let status = create(Kind.Endpoint);
  const server = <u32>result(0);
  if (status >= 0) {
    status = startChild(Class.App, childEcho(), server, Right.Receive);
  }
  if (status >= 0) {
    status = grant(task, server, Right.Send, 0, WORK_SLOT);
  }
  return status < 0 ? status : drop(server);
}
