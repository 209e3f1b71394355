/**
 * A client and a driver in steady state: reads of 4 KiB, one after another, for longer than any burst of interrupts
 * between harts. Time and interrupts count here, so this part prints both itself (bench/kernel/harts/steady.ts reads its
 * line).
 */
import { Right } from "abi/handle";
import { Topic } from "abi/info";
import { PAGE_BYTES, USER_MAPPINGS } from "abi/layout";
import { Role } from "abi/startup";
import { attachBlockMemory, readSectors } from "runtime/blocks";
import { createVmo, information, map, now, result } from "runtime/call";
import { line, print } from "runtime/log";
import { slotOf } from "runtime/startup";

const SHARED_ADDRESS: usize = USER_MAPPINGS + 0x0020_0000;
const SECTORS_PER_PAGE: u32 = 8;
/** How many blocks of the disk are read in turn. */
const BLOCKS: u32 = 64;
const REQUESTS: u32 = 2000;

/** A status other than 0 if something could not be read. */
export function measureSteady(): i32 {
  const service = slotOf(Role.BlockService);
  let status = createVmo(PAGE_BYTES);
  if (status < 0) {
    return status;
  }
  const vmo = <u32>result(0);
  status = map(vmo, SHARED_ADDRESS, 0, PAGE_BYTES, Right.Read | Right.Write);
  if (status === 0) {
    status = attachBlockMemory(service, vmo, PAGE_BYTES);
  }
  const interrupts = interruptsSent();
  const begin = now();
  for (let i: u32 = 0; i < REQUESTS && status === 0; i++) {
    status = readSectors(service, (i % BLOCKS) * SECTORS_PER_PAGE, SECTORS_PER_PAGE, 0);
  }
  const ticks = now() - begin;
  const words = line().text("bench: steady requests=").decimal(REQUESTS).text(" ticks=").decimal(ticks);
  print(words.text(" interrupts=").decimal(interruptsSent() - interrupts));
  return status;
}

/** Interrupts that all harts have sent each other so far. */
function interruptsSent(): u64 {
  const info = slotOf(Role.Info);
  information(info, Topic.System, 0);
  const harts = <u32>result(1);
  let sent: u64 = 0;
  for (let hart: u32 = 0; hart < harts; hart++) {
    information(info, Topic.Hart, hart);
    sent += result(2);
  }
  return sent;
}
