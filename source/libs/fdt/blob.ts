/**
 * A device tree blob as a stream of tokens that cannot run off the end.
 *
 * `openBlob` checks the header and then walks the whole structure block once. All reading, also later, goes through
 * `step`, which decodes one token into fields and refuses all that does not lie inside its block. So even a blob that
 * changed after the check cannot make a reader leave it.
 *
 * Reached from nodes.ts, which goes from node to node by these tokens.
 */

import { lengthToZero } from "text/bytes";
import {
  DEPTH_MAX,
  FDT_MAGIC,
  FDT_VERSION,
  FDT_VERSION_OLDEST,
  FdtError,
  HEADER_BYTES,
  Header,
  NAME_BYTES_MAX,
  NODES_MAX,
  RESERVATION_BYTES,
  RESERVATIONS_MAX,
  Token,
  TREE_BYTES_MAX,
} from "./format";

@unmanaged
export class Blob {
  /** Where the blob is. */
  protected base: usize;
  /** The header's total size: so much memory the blob occupies. */
  protected total: u32;
  private structureStart: u32;
  private structureEnd: u32;
  private stringsStart: u32;
  private stringsEnd: u32;
  private reservationsStart: u32;
  private reservations: u32;
  private failure: FdtError;
  private failureOffset: u32;

  // What `step` found: a token, where the next one is, and for a node or property its name and value.
  protected token: u32;
  protected nextOffset: u32;
  protected nameOffset: u32;
  protected nameLength: u32;
  protected valueOffset: u32;
  protected valueLength: u32;

  /** Bytes that the blob occupies from its address on. The memory's owner has to keep them. */
  get size(): u32 {
    return this.total;
  }

  /** The blob offset at which the last refusal happened. */
  get errorOffset(): u32 {
    return this.failureOffset;
  }

  /** Entries of the memory reservation block (section 5.3). */
  get reservationCount(): u32 {
    return this.reservations;
  }

  /** Physical address of reservation `index`; 0 past the last. */
  reservationAddress(index: u32): u64 {
    return index < this.reservations
      ? this.doubleword(this.reservationsStart + index * RESERVATION_BYTES)
      : 0;
  }

  /** Bytes of reservation `index`; 0 past the last. */
  reservationSize(index: u32): u64 {
    if (index >= this.reservations) {
      return 0;
    }
    return this.doubleword(this.reservationsStart + index * RESERVATION_BYTES + 8);
  }

  /** Checks the blob at `address`, of which no byte at or past `lengthMax` is read. Header first, then all tokens. */
  protected openBlob(address: usize, lengthMax: u32): FdtError {
    this.base = address;
    this.failure = FdtError.None;
    this.failureOffset = 0;
    if (!this.headerHolds(lengthMax)) {
      return this.failure;
    }
    if (!this.reservationsHold()) {
      return this.failure;
    }
    if (!this.structureHolds()) {
      return this.failure;
    }
    return FdtError.None;
  }

  /** Offset of the structure block's first token. */
  protected get firstToken(): u32 {
    return this.structureStart;
  }

  /** Decodes the token at `offset`, or refuses it and returns false. */
  protected step(offset: u32): bool {
    const end = this.structureEnd;
    if (offset < this.structureStart || offset > end || end - offset < 4) {
      return this.refuse(FdtError.StructureEnd, offset);
    }
    const token = this.word(offset);
    this.token = token;
    this.nextOffset = offset + 4;
    if (token === Token.BeginNode) {
      return this.stepNode(offset);
    }
    if (token === Token.Property) {
      return this.stepProperty(offset);
    }
    if (token === Token.EndNode || token === Token.Nop || token === Token.End) {
      return true;
    }
    return this.refuse(FdtError.Token, offset);
  }

  /** BEGIN_NODE: a name that ends with a zero, padded to four bytes. */
  private stepNode(offset: u32): bool {
    const nameOffset = offset + 4;
    const left = this.structureEnd - nameOffset;
    const length = lengthToZero(this.base + <usize>nameOffset, min<u32>(left, NAME_BYTES_MAX + 1));
    if (length === left || length > NAME_BYTES_MAX) {
      return this.refuse(FdtError.NodeName, offset);
    }
    this.nameOffset = nameOffset;
    this.nameLength = length;
    // Past the block's end if the padding is cut off; the next step refuses that.
    this.nextOffset = alignWord(nameOffset + length + 1);
    return true;
  }

  /** PROP: length of the value, offset of the name in the strings block, the value padded to four bytes. */
  private stepProperty(offset: u32): bool {
    if (this.structureEnd - offset < 12) {
      return this.refuse(FdtError.StructureEnd, offset);
    }
    const valueLength = this.word(offset + 4);
    const nameStart = this.word(offset + 8);
    const valueOffset = offset + 12;
    if (valueLength > this.structureEnd - valueOffset) {
      return this.refuse(FdtError.PropertyValue, offset);
    }

    const stringsSize = this.stringsEnd - this.stringsStart;
    if (nameStart >= stringsSize) {
      return this.refuse(FdtError.PropertyName, offset);
    }
    const left = stringsSize - nameStart;
    const nameOffset = this.stringsStart + nameStart;
    const length = lengthToZero(this.base + <usize>nameOffset, min<u32>(left, NAME_BYTES_MAX + 1));
    if (length === left || length > NAME_BYTES_MAX) {
      return this.refuse(FdtError.PropertyName, offset);
    }

    this.nameOffset = nameOffset;
    this.nameLength = length;
    this.valueOffset = valueOffset;
    this.valueLength = valueLength;
    this.nextOffset = alignWord(valueOffset + valueLength);
    return true;
  }

  /** The big-endian word at a blob offset that the caller has checked. */
  protected word(offset: u32): u32 {
    return bswap<u32>(load<u32>(this.base + <usize>offset));
  }

  private doubleword(offset: u32): u64 {
    return ((<u64>this.word(offset)) << 32) | <u64>this.word(offset + 4);
  }

  private refuse(error: FdtError, offset: u32): bool {
    this.failure = error;
    this.failureOffset = offset;
    return false;
  }

  /** Section 5.2. Each offset and size is compared by subtraction, so that no sum can wrap around. */
  private headerHolds(lengthMax: u32): bool {
    if ((this.base & 7) !== 0) {
      return this.refuse(FdtError.Alignment, 0);
    }
    if (lengthMax < HEADER_BYTES) {
      return this.refuse(FdtError.Length, 0);
    }
    if (this.word(Header.Magic) !== FDT_MAGIC) {
      return this.refuse(FdtError.Magic, Header.Magic);
    }
    const version = this.word(Header.Version);
    const compatible = this.word(Header.CompatibleVersion);
    if (version < FDT_VERSION_OLDEST || compatible > FDT_VERSION || compatible > version) {
      return this.refuse(FdtError.Version, Header.Version);
    }

    const total = this.word(Header.TotalSize);
    if (total < HEADER_BYTES || total > TREE_BYTES_MAX || total > lengthMax) {
      return this.refuse(FdtError.TotalSize, Header.TotalSize);
    }
    this.total = total;

    const reservations = this.word(Header.ReservationsOffset);
    if (reservations < HEADER_BYTES || reservations > total || (reservations & 7) !== 0) {
      return this.refuse(FdtError.ReservationBlock, Header.ReservationsOffset);
    }
    this.reservationsStart = reservations;

    const structure = this.word(Header.StructureOffset);
    if (structure < HEADER_BYTES || structure > total || (structure & 3) !== 0) {
      return this.refuse(FdtError.StructureBlock, Header.StructureOffset);
    }
    // Version 16 does not say how long the structure block is; its END token has to come before the tree's end.
    const structureSize = version >= FDT_VERSION ? this.word(Header.StructureSize) : total - structure;
    if (structureSize > total - structure) {
      return this.refuse(FdtError.StructureBlock, Header.StructureSize);
    }
    this.structureStart = structure;
    this.structureEnd = structure + structureSize;

    const strings = this.word(Header.StringsOffset);
    const stringsSize = this.word(Header.StringsSize);
    if (strings < HEADER_BYTES || strings > total) {
      return this.refuse(FdtError.StringsBlock, Header.StringsOffset);
    }
    if (stringsSize > total - strings) {
      return this.refuse(FdtError.StringsBlock, Header.StringsSize);
    }
    this.stringsStart = strings;
    this.stringsEnd = strings + stringsSize;
    return true;
  }

  /** The list of reservations ends with a pair of zeros (section 5.3.2). */
  private reservationsHold(): bool {
    let offset = this.reservationsStart;
    this.reservations = 0;
    while (this.total - offset >= RESERVATION_BYTES) {
      if (this.doubleword(offset) === 0 && this.doubleword(offset + 8) === 0) {
        return true;
      }
      if (this.reservations === RESERVATIONS_MAX) {
        break;
      }
      this.reservations += 1;
      offset += RESERVATION_BYTES;
    }
    return this.refuse(FdtError.ReservationEnd, offset);
  }

  /** Section 5.4.2: one root, properties before children, every node closed, nothing nested without end. */
  private structureHolds(): bool {
    let offset = this.structureStart;
    let depth: u32 = 0;
    let nodes: u32 = 0;
    let childSeen = false;
    while (true) {
      if (!this.step(offset)) {
        return false;
      }
      switch (this.token) {
        case Token.BeginNode:
          if (depth === 0 && nodes !== 0) {
            return this.refuse(FdtError.RootTwice, offset);
          }
          if (depth === DEPTH_MAX) {
            return this.refuse(FdtError.Depth, offset);
          }
          if (nodes === NODES_MAX) {
            return this.refuse(FdtError.NodeCount, offset);
          }
          nodes += 1;
          depth += 1;
          childSeen = false;
          break;
        case Token.EndNode:
          if (depth === 0) {
            return this.refuse(FdtError.EndOutsideNode, offset);
          }
          depth -= 1;
          childSeen = true;
          break;
        case Token.Property:
          if (depth === 0) {
            return this.refuse(FdtError.PropertyOutsideNode, offset);
          }
          if (childSeen) {
            return this.refuse(FdtError.PropertyAfterNode, offset);
          }
          break;
        case Token.End:
          if (depth !== 0) {
            return this.refuse(FdtError.NodeOpen, offset);
          }
          if (nodes === 0) {
            return this.refuse(FdtError.RootMissing, offset);
          }
          return true;
        default:
          break;
      }
      offset = this.nextOffset;
    }
  }
}

/** Up to the next multiple of four. Offsets are below TREE_BYTES_MAX: no overflow. */
function alignWord(offset: u32): u32 {
  return (offset + 3) & ~3;
}
