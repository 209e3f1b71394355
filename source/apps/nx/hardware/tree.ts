/**
 * `hw dt`: the device tree as the firmware handed it over, one row a node. It is mapped read-only, and libs/fdt checks
 * every offset in it before it is used.
 */
import { Right } from "abi/handle";
import { wholePages } from "abi/layout";
import { Role } from "abi/startup";
import { DEPTH_MAX, FdtError, fdtErrorText, NONE } from "fdt/format";
import { TREE_STATE_BYTES, Tree } from "fdt/reader";
import { map, unmap } from "runtime/call";
import { CommandLine } from "runtime/command-line";
import { print } from "runtime/log";
import { entryOf } from "runtime/startup";
import { Line } from "text/line";
import { beginRow, beginValue, composed, endRow, refused, say } from "../answer";
import { TREE_BYTES_MAX, TREE_WINDOW } from "../limits";

const tree = changetype<Tree>(memory.data(TREE_STATE_BYTES, 8));
/** The nodes from the root to the current one. */
const path: usize = memory.data(DEPTH_MAX * 4, 8);

/** Every node, in the tree's order. If that fails, prints why and returns false. */
export function answerTree(_line: CommandLine): bool {
  const entry = entryOf(Role.DeviceTree, 0);
  if (entry === null || entry.size > <u64>TREE_BYTES_MAX) {
    print(say("no device tree was given to this program"));
    return false;
  }
  const length = <u32>entry.size;
  const status = map(entry.slot, TREE_WINDOW, 0, wholePages(length), Right.Read);
  if (status < 0) {
    return refused("mapping the device tree", status);
  }
  const error = tree.open(TREE_WINDOW, length);
  if (error === FdtError.None) {
    while (tree.next()) {
      answerNode(tree);
    }
  }
  unmap(TREE_WINDOW);
  if (error === FdtError.None) {
    return true;
  }
  print(say("the device tree is not valid: ").text(fdtErrorText(error)));
  return false;
}

function answerNode(tree: Tree): void {
  store<u32>(path + <usize>(tree.depth << 2), tree.node);
  beginRow();
  composed("node", 40, nodePath(tree, beginValue()));
  composed("compatible", 24, strings(tree, tree.property(tree.node, "compatible"), beginValue()));
  composed("reg", 22, registers(tree, beginValue()));
  composed("irq", 3, interrupt(tree, beginValue()));
  composed("status", 8, strings(tree, tree.property(tree.node, "status"), beginValue()));
  endRow();
}

function nodePath(tree: Tree, to: Line): Line {
  for (let depth: u32 = 1; depth <= tree.depth; depth++) {
    const node = load<u32>(path + <usize>(depth << 2));
    to.text("/").printable(tree.nameAddressOf(node), tree.nameLengthOf(node));
  }
  return tree.depth === 0 ? to.text("/") : to;
}

/** A list of strings (Devicetree Specification 0.4, section 2.2.4), with commas between them where it has many. */
function strings(tree: Tree, property: u32, to: Line): Line {
  if (property === NONE) {
    return to.text("-");
  }
  const start = tree.valueAddressOf(property);
  const length = tree.valueLengthOf(property);
  for (let i: u32 = 0; i + 1 < length; i++) {
    if (load<u8>(start + <usize>i) === 0) {
      to.text(",");
    } else {
      to.printable(start + <usize>i, 1);
    }
  }
  return to;
}

/** The first interrupt, where there is one. */
function interrupt(tree: Tree, to: Line): Line {
  const property = tree.property(tree.node, "interrupts");
  return tree.cellCount(property) === 0 ? to.text("-") : to.decimal(tree.cell(property, 0));
}

/** The first address and size, where there is one. */
function registers(tree: Tree, to: Line): Line {
  if (tree.regCount(tree.parent, tree.node) === 0) {
    return to.text("-");
  }
  to.hex(tree.regAddress(tree.parent, tree.node, 0));
  const size = tree.regSize(tree.parent, tree.node, 0);
  return size === 0 ? to : to.text("+").hex(size);
}
