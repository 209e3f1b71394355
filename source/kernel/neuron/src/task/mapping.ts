/**
 * A mapping of a task, as data: part of its address space, and the memory object that lies there. A large one comes and
 * goes in several turns (lifecycle/memory.ts).
 */
import { Vmo } from "../mm/vmo";

@unmanaged
@final
export class Mapping {
  address: u32;
  /** 0: this record is free. */
  pages: u32;
  /** Null for device registers. */
  vmo: Vmo | null;
  /** Pages that stand in the tables, the first ones. */
  mapped: u32;
  /** A `Turn`, and the index of the task whose call that is. */
  turn: u8;
  worker: u8;
  /** Of the capability by which it was mapped (task/handles.ts). */
  lease: u16;
}

/**
 * Whether a mapping is on its way in or out. Then only the task whose call that is goes on with it (`work`, in the
 * task).
 */
export const enum Turn {
  None = 0,
  In = 1,
  /** Out again, because there was no memory for its tables. */
  Out = 2,
  /** Out again, because the job had no page left for its tables. */
  OverQuota = 3,
  /** Out, because that was asked for. */
  Unmapped = 4,
}
