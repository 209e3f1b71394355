/**
 * The flattened device tree as bytes (Devicetree Specification 0.4, chapter 5), and every way to refuse one.
 *
 * All words are big-endian. Offsets here, as in error reports, count bytes from the blob's first byte.
 */

/** First word of a blob (section 5.2). */
export const FDT_MAGIC: u32 = 0xd00dfeed;

/** The newest layout that this reader knows; newer ones are read if they say that 17 can read them. */
export const FDT_VERSION: u32 = 17;

/** The oldest layout: 17 without the length of the structure block. */
export const FDT_VERSION_OLDEST: u32 = 16;

/** Bytes of the header in version 17. */
export const HEADER_BYTES: u32 = 40;

/** Bytes of one memory reservation: address and size, a doubleword each (section 5.3.2). */
export const RESERVATION_BYTES: u32 = 16;

/** No tree is read past this size, even if it claims more. `-machine dumpdtb` writes trees of exactly this size. */
export const TREE_BYTES_MAX: u32 = 0x10_0000;

/** Open nodes at any point; trees in the field stay below ten. */
export const DEPTH_MAX: u32 = 16;

/** Nodes in a tree; QEMU's `virt` has about sixty. */
export const NODES_MAX: u32 = 4096;

/** Bytes of a node's or a property's name. */
export const NAME_BYTES_MAX: u32 = 255;

/** Entries of the memory reservation block. */
export const RESERVATIONS_MAX: u32 = 64;

/** No such node, no such property: at offset 0 there is the header. */
export const NONE: u32 = 0;

/** Where the header's words are. */
export const enum Header {
  Magic = 0,
  TotalSize = 4,
  StructureOffset = 8,
  StringsOffset = 12,
  ReservationsOffset = 16,
  Version = 20,
  CompatibleVersion = 24,
  StringsSize = 32,
  StructureSize = 36,
}

/** Structure block tokens (section 5.4.1). */
export const enum Token {
  BeginNode = 1,
  EndNode = 2,
  Property = 3,
  Nop = 4,
  End = 9,
}

/** Why a tree was refused. `Tree.errorOffset` says where. */
export const enum FdtError {
  None,
  Alignment,
  Length,
  Magic,
  Version,
  TotalSize,
  ReservationBlock,
  StructureBlock,
  StringsBlock,
  ReservationEnd,
  Token,
  StructureEnd,
  NodeName,
  PropertyName,
  PropertyValue,
  PropertyOutsideNode,
  PropertyAfterNode,
  Depth,
  NodeCount,
  EndOutsideNode,
  NodeOpen,
  RootMissing,
  RootTwice,
}

/** The refusal in words, to stand before the offset: "device tree: " + text + " at offset " + offset. */
export function fdtErrorText(error: FdtError): string {
  switch (error) {
    case FdtError.None:
      return "no error";
    case FdtError.Alignment:
      return "address is not a multiple of 8";
    case FdtError.Length:
      return "memory given is shorter than a header";
    case FdtError.Magic:
      return "magic number is not d00dfeed";
    case FdtError.Version:
      return "version cannot be read as 16 or 17";
    case FdtError.TotalSize:
      return "total size is below the header's, over the limit, or over the memory given";
    case FdtError.ReservationBlock:
      return "memory reservation block is misaligned or outside the tree";
    case FdtError.StructureBlock:
      return "structure block is misaligned or outside the tree";
    case FdtError.StringsBlock:
      return "strings block is outside the tree";
    case FdtError.ReservationEnd:
      return "memory reservations do not end in time";
    case FdtError.Token:
      return "unknown token";
    case FdtError.StructureEnd:
      return "structure block ends inside a token";
    case FdtError.NodeName:
      return "node name does not end in time";
    case FdtError.PropertyName:
      return "property name is outside the strings block or does not end in time";
    case FdtError.PropertyValue:
      return "property value reaches outside the structure block";
    case FdtError.PropertyOutsideNode:
      return "property outside of any node";
    case FdtError.PropertyAfterNode:
      return "property behind a child node";
    case FdtError.Depth:
      return "nodes are nested too deep";
    case FdtError.NodeCount:
      return "too many nodes";
    case FdtError.EndOutsideNode:
      return "a node ends that never began";
    case FdtError.NodeOpen:
      return "the tree ends inside a node";
    case FdtError.RootMissing:
      return "there is no root node";
    case FdtError.RootTwice:
      return "there is a second root node";
    default:
      return "unknown error";
  }
}
