/**
 * `ls` and `cat`: what lies below pkg://, through packagefsd.
 */
import { CONSOLE_WRITE_MAX } from "abi/syscall";
import { EntryKind, FsStatus } from "gen/idl/package_fs";
import { CommandLine } from "runtime/command-line";
import { Listing, listDirectory } from "runtime/directory";
import { fileOutcomeName, openPath, PART_ADDRESS, packageService, readPart } from "runtime/files";
import { print, write } from "runtime/log";
import { closeFile, File } from "runtime/packages";
import { startsWith } from "text/bytes";
import { Line } from "text/line";
import {
  beginFacts,
  beginRow,
  beginValue,
  bytes,
  composed,
  endRow,
  isForPeople,
  number,
  say,
  words,
} from "./answer";

/** An optional beginning of a path. */
const SCHEME: string = "pkg://";
/** Bytes of a file in one row of an answer to a program. */
const DATA_BYTES: u32 = 64;
const SLASH: u8 = 0x2f;
const LINE_FEED: u8 = 0x0a;
const TAB: u8 = 0x09;
const QUESTION_MARK: u8 = 0x3f;

/** A path without its scheme and without slashes at its ends. */
@unmanaged
@final
class Path {
  start: usize;
  length: u32;

  /** The path in `length` bytes at `start`, as it was typed. */
  set(start: usize, length: u32): void {
    let from: u32 = startsWith(start, length, SCHEME) ? <u32>SCHEME.length : 0;
    while (from < length && load<u8>(start + <usize>from) === SLASH) {
      from += 1;
    }
    let end = length;
    while (end > from && load<u8>(start + <usize>(end - 1)) === SLASH) {
      end -= 1;
    }
    this.start = start + <usize>from;
    this.length = end - from;
  }
}

/** The path of the command that is executed. */
const path = changetype<Path>(memory.data(offsetof<Path>(), 8));
const listing = changetype<Listing>(memory.data(offsetof<Listing>(), 8));
const file = changetype<File>(memory.data(offsetof<File>(), 8));
const shown: usize = memory.data(CONSOLE_WRITE_MAX, 8);

/** `ls [path]`. If that fails, prints why and returns false. */
export function answerLs(line: CommandLine): bool {
  path.set(line.wordStart(1), line.wordLength(1));
  const service = packageService();
  let cursor: u32 = 0;
  do {
    const outcome = listDirectory(service, path.start, path.length, cursor, listing);
    if (outcome !== FsStatus.ok) {
      return refused(outcome);
    }
    for (let i: u32 = 0; i < listing.count; i++) {
      answerEntry(i);
    }
    cursor = listing.next;
  } while (cursor !== 0);
  return true;
}

function answerEntry(index: u32): void {
  const one = listing.entry(index);
  if (one === null) {
    return;
  }
  const isDirectory = one.kind === EntryKind.directory;
  beginRow();
  words("kind", 9, isDirectory ? "directory" : "file");
  number("size", 10, one.size);
  bytes("name", 0, one.nameStart, one.nameLength);
  endRow();
}

/** `cat path`: for a person the text, for a program size and bytes. If that fails, prints why and returns false. */
export function answerCat(line: CommandLine): bool {
  if (line.wordLength(1) === 0) {
    print(say("the path of a file is needed: ls lists them"));
    return false;
  }
  const service = packageService();
  path.set(line.wordStart(1), line.wordLength(1));
  let outcome = openPath(path.start, path.length, file);
  if (outcome !== FsStatus.ok) {
    return refused(outcome);
  }
  if (!isForPeople()) {
    beginFacts("file");
    number("size", 0, file.size);
    endRow();
  }
  outcome = showFile();
  closeFile(service, file);
  return outcome === FsStatus.ok || refused(outcome);
}

/** Reads the file a part at a time, and shows each. */
function showFile(): i32 {
  let outcome: i32 = FsStatus.ok;
  for (let at: u64 = 0; outcome === FsStatus.ok && at < file.size; at += file.bytesRead) {
    outcome = readPart(file, at);
    if (isForPeople()) {
      showText(file.bytesRead);
    } else {
      showBytes(file.bytesRead);
    }
  }
  if (outcome === FsStatus.ok && isForPeople()) {
    endText();
  }
  return outcome;
}

let lastByte: u8 = LINE_FEED;

/** The text without what could control a terminal: control characters, and the second byte of U+0080 to U+009F. */
function showText(length: u32): void {
  let used: u32 = 0;
  for (let i: u32 = 0; i < length; i++) {
    const byte = load<u8>(PART_ADDRESS + <usize>i);
    const isControl = (byte < 0x20 && byte !== LINE_FEED && byte !== TAB) || byte === 0x7f;
    const isSecond = lastByte === 0xc2 && byte >= 0x80 && byte < 0xa0;
    store<u8>(shown + <usize>used, isControl || isSecond ? QUESTION_MARK : byte);
    lastByte = byte;
    used += 1;
    if (used < CONSOLE_WRITE_MAX && i + 1 < length) {
      continue;
    }
    write(shown, used);
    used = 0;
  }
}

/** Ends the text's last line, so that the next output begins on a line of its own. */
function endText(): void {
  if (lastByte !== LINE_FEED) {
    store<u8>(shown, LINE_FEED);
    write(shown, 1);
  }
  lastByte = LINE_FEED;
}

function showBytes(length: u32): void {
  for (let at: u32 = 0; at < length; at += DATA_BYTES) {
    beginRow();
    const value: Line = beginValue().hexBytes(PART_ADDRESS + <usize>at, min<u32>(DATA_BYTES, length - at));
    composed("data", 0, value);
    endRow();
  }
}

/** Says why pkg:// refused. False. */
function refused(outcome: i32): bool {
  const sentence = say("pkg://").printable(path.start, path.length).text(": ");
  print(sentence.text(fileOutcomeName(outcome)));
  return false;
}
