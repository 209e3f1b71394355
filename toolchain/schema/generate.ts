// Turns a .capnp file into TypeScript: accessors for the guest, or classes for capnp-es on the host.

import { writeGuest } from "./guest.ts";
import { writeHost } from "./host.ts";
import { layOut, type Schema } from "./layout.ts";
import { parse } from "./parse.ts";
import { Source } from "./tokens.ts";

/**
 * Parses a schema and gives every field its place.
 *
 * @param schemaText the text of the file
 * @param fileName its path from the root, for messages
 * @throws Problem with line and column
 */
export function readSchema(schemaText: string, fileName: string): Schema {
  return layOut(parse(schemaText, fileName), new Source(schemaText, fileName));
}

/**
 * The guest's accessors: the text of build/gen/idl/<name>.ts.
 *
 * @throws Problem with line and column
 */
export function generate(schemaText: string, fileName: string): string {
  return writeGuest(readSchema(schemaText, fileName));
}

/**
 * The host's classes for capnp-es: the text of build/gen/idl-host/<name>.ts.
 *
 * @throws Problem with line and column
 */
export function generateHost(schemaText: string, fileName: string): string {
  return writeHost(readSchema(schemaText, fileName));
}
