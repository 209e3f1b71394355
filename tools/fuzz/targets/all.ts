// Every target that runs in this process.

import type { Target } from "../engine/target.ts";
import { capnp } from "./capnp.ts";
import { dtb, dts } from "./dts.ts";
import { elf } from "./elf.ts";
import { fdt } from "./fdt.ts";
import { gdbSession } from "./gdb-session/target.ts";
import { image } from "./image.ts";
import { keys } from "./keys.ts";
import { options } from "./options.ts";
import { gdb } from "./packets.ts";
import { recording } from "./recording.ts";
import { schema } from "./schema.ts";
import { texts } from "./text.ts";
import { virtio } from "./virtio/target.ts";

export const targets: readonly Target[] = [
  fdt,
  elf,
  capnp,
  image,
  keys,
  texts,
  virtio,
  dts,
  dtb,
  schema,
  recording,
  gdb,
  gdbSession,
  options,
];
