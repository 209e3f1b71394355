// The files of the build that the machine needs, beside the page: data/ in the folder that ./nx playground makes.

import { layoutData } from "../../host/debug/layout.ts";
import { list, object, readJson, type Shaped, text } from "../../host/json.ts";

/** What the build says of itself. */
const manifestShape = object({
  /** Names this build: a link to a run of another one says so. */
  version: text,
  layout: layoutData,
  /** Programs of the guest whose files with symbols are in tasks/. */
  programs: list(text),
  /** SHA-256 of the machine's module. */
  module: text,
});
export type Manifest = Shaped<typeof manifestShape>;

export interface Files {
  manifest: Manifest;
  module: WebAssembly.Module;
  kernel: Uint8Array;
  contract: Uint8Array;
  disk: Uint8Array;
}

const base = new URL("data/", self.location.href.replace(/assets\/[^/]*$|worker\/[^/]*$/, ""));

/** A file of data/. @throws Error that says which one cannot be had */
export async function fetchBytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetched(name)).arrayBuffer());
}

async function fetched(name: string): Promise<Response> {
  const response = await fetch(new URL(name, base)).catch(() => undefined);
  if (response?.ok !== true) {
    throw new Error(
      `data/${name} could not be loaded${response === undefined ? "" : ` (${response.status})`}`,
    );
  }
  return response;
}

/** Everything that a boot needs. @throws Error that says which one cannot be had */
export async function fetchFiles(): Promise<Files> {
  const [manifestText, wasm, kernel, contract, disk] = await Promise.all([
    fetched("manifest.json").then((response) => response.text()),
    fetchBytes("machine.wasm"),
    fetchBytes("neuron.elf"),
    fetchBytes("virt-nexus.dtb"),
    fetchBytes("pkgfs.img"),
  ]);
  const manifest = readJson(manifestText, "data/manifest.json", manifestShape);
  return { manifest, module: await WebAssembly.compile(wasm), kernel, contract, disk };
}
