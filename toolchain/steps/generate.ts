// Generates sources before any guest code is compiled: the accessors of the wire contracts, the profile's
// constants, the offsets that the kernel's assembly needs, and the device tree.
//
// All of it goes below the output folder and is never committed. Each file begins with the path of its source.

import { listFiles } from "../../host/files.ts";
import { nativeFlags } from "../asc/run.ts";
import { compileDts } from "../dts/compile.ts";
import { frameOffsets } from "../offsets.ts";
import { FRAME_MODULE } from "../programs.ts";
import { generate } from "../schema/generate.ts";
import { runAscStep } from "./asc.ts";
import { ACCESSOR_FOLDER, type Build, readBytes, readText, write } from "./build.ts";
import { makeTrust } from "./trust.ts";

const SCHEMA_FOLDER = "source/idl";
const DEVICE_TREE_SOURCE = "pkg/dts/virt-nexus.dts";

/** build/gen: every generated file that guest sources and assembly include. */
export async function makeSources(build: Build): Promise<void> {
  await makeProfile(build);
  for (const schema of listFiles(build.root, SCHEMA_FOLDER)) {
    if (schema.endsWith(".capnp")) {
      await makeAccessors(build, schema);
    }
  }
  await makeFrameOffsets(build);
  // In a trusted build gen/trust.ts needs the disk's image, and comes later (compile.ts).
  if (build.trust !== "build") {
    await makeTrust(build);
  }
}

/** `gen/profile.ts`: constants by which guest code distinguishes the two builds. */
async function makeProfile(build: Build): Promise<void> {
  const output = build.path("gen/profile.ts");
  const production = build.profile === "production";
  const text = `// Made by toolchain/steps/generate.ts for --profile ${build.profile}.

/** Whether hart numbers and timer values stay out of the console. */
export const PRODUCTION: bool = ${production};
/** Whether the kernel checks itself as it runs (lock order and the like). */
export const CHECKED: bool = ${!production};
`;
  await build.step("profile", {
    name: "profile",
    key: text,
    reads: [],
    writes: [output],
    run: async () => {
      await write(build, output, text);
      return undefined;
    },
  });
}

/** `gen/idl/<name>.ts` from `source/idl/<name>.capnp`. */
async function makeAccessors(build: Build, schema: string): Promise<void> {
  const name = schema.slice(SCHEMA_FOLDER.length + 1).replace(/\.capnp$/, "");
  const output = build.path(`${ACCESSOR_FOLDER}/${name}.ts`);
  await build.step(schema, {
    name: `schema ${schema}`,
    key: build.stamps.hashFolders("toolchain/schema"),
    reads: [schema],
    writes: [output],
    run: async () => {
      await write(build, output, generate(await readText(build, schema), schema));
      return undefined;
    },
  });
}

/** `gen/frame.inc` from the exported constants of the kernel's frame.ts. */
async function makeFrameOffsets(build: Build): Promise<void> {
  const output = build.path("gen/frame.inc");
  await runAscStep(build, "frame", FRAME_MODULE, nativeFlags);
  const wasm = build.path("wasm/frame.wasm");
  await build.step("frame.inc", {
    name: "frame.inc",
    key: [build.stamps.hash("toolchain/offsets.ts"), build.stamps.hashFolders("toolchain/wasm")],
    reads: [wasm],
    writes: [output],
    run: async () => {
      await write(build, output, frameOffsets(await readBytes(build, wasm), FRAME_MODULE));
      return undefined;
    },
  });
}

/** `virt-nexus.dtb` from pkg/dts. The runner edits a copy of it for each run (harts, /chosen). */
export async function makeDeviceTree(build: Build): Promise<void> {
  const output = build.path("virt-nexus.dtb");
  await build.step(DEVICE_TREE_SOURCE, {
    name: "device tree",
    key: build.stamps.hashFolders("toolchain/dts"),
    reads: [DEVICE_TREE_SOURCE],
    writes: [output],
    run: async () => {
      await write(build, output, compileDts(await readText(build, DEVICE_TREE_SOURCE), DEVICE_TREE_SOURCE));
      return undefined;
    },
  });
}
