/**
 * Reports a bad image: a line on the console, and a record with the reason and the block in the audit trail. Reached
 * from mount.ts and blocks.ts.
 *
 * A client can ask for the same bad block again and again, so the number of lines is bounded. The trail has a bound of
 * its own.
 */
import { AUDIT_READ_AGAIN, Audit } from "abi/audit";
import { ImageError, imageErrorText } from "pkgimg/format";
import { record } from "runtime/audit";
import { line, print } from "runtime/log";
import { BAD_BLOCK_LINES_MAX } from "./limits";

let badBlockLines: u32 = 0;
let readAgainLines: u32 = 0;

/** The image cannot be mounted; `disk` is the address of the disk that it is on, 0 for none. */
export function reportImage(error: ImageError, block: u32, disk: u64): void {
  record(Audit.ImageRefused, error, block);
  const words = line().text("pkgfs: image refused: ").text(imageErrorText(error));
  words.text(" at block ").decimal(block);
  if (disk !== 0) {
    words.text(" of mmio=").hex(disk);
  }
  print(words);
}

/** A block of the mounted image was read, and is not what it was when the image was built. */
export function reportBlock(error: ImageError, block: u32): void {
  record(Audit.ImageRefused, error, block);
  if (badBlockLines === BAD_BLOCK_LINES_MAX) {
    return;
  }
  badBlockLines++;
  const words = line().text("pkgfs: block ").decimal(block);
  if (error === ImageError.Cluster) {
    words.text(": a ").text(imageErrorText(error)).text(" (its hash is right");
  } else {
    words.text(" does not match its hash (").text(partOf(error));
  }
  if (badBlockLines === BAD_BLOCK_LINES_MAX) {
    words.text("; no more lines about blocks");
  }
  print(words.text(")"));
}

/**
 * A block, or the superblock, did not verify at first, but did when it was read again: the disk is good, and the way
 * from it is not.
 */
export function reportReadAgain(error: ImageError, block: u32): void {
  record(Audit.ImageRefused, AUDIT_READ_AGAIN | <u64>error, block);
  if (readAgainLines === BAD_BLOCK_LINES_MAX) {
    return;
  }
  readAgainLines++;
  const words = line().text("pkgfs: block ").decimal(block).text(" was damaged on its way (");
  print(words.text(imageErrorText(error)).text("); read again"));
}

/** Which part of the image a block that failed to verify belongs to. */
function partOf(error: ImageError): string {
  switch (error) {
    case ImageError.IndexHash:
      return "index";
    case ImageError.StringHash:
      return "paths";
    case ImageError.DataHash:
      return "data";
    default:
      return "hash tree";
  }
}
