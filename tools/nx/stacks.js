// Stack traces in terms of the sources, though the bundle of the host code runs.
//
// Node can do so itself (process.setSourceMapsEnabled), but then it reads the source map of each module that it loads:
// half a megabyte for a build, a third of the start. Here a map is read when a stack trace names its module.

import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Has each stack trace name the sources of the modules in a folder and below it, relative to the root. */
export function mapStacks(root, folder) {
  const maps = new Map();
  const mapOf = (file) => {
    if (!maps.has(file)) {
      maps.set(file, readMap(file));
    }
    return maps.get(file);
  };
  Error.prepareStackTrace = (error, frames) => {
    const lines = frames.map((frame) => `\n    at ${mapped(String(frame), root, folder, mapOf)}`);
    return `${describe(error)}${lines.join("")}`;
  };
}

function describe(error) {
  try {
    return String(error);
  } catch {
    return "an error that is no text";
  }
}

/** A frame with the place in its source, or unchanged if there is no map of it. */
function mapped(frame, root, folder, mapOf) {
  return frame.replace(/(file:\/\/[^\s()]+\.js):(\d+):(\d+)/, (place, url, line, column) => {
    const file = fileURLToPath(url);
    const entry = file.startsWith(folder) && mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (!entry || entry.originalSource === undefined) {
      return place;
    }
    const source = relative(root, resolve(dirname(file), entry.originalSource));
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

/** The map beside a module; undefined if it cannot be read, because a stack trace comes before everything. */
function readMap(file) {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${file}.map`, "utf8")));
  } catch {
    return undefined;
  }
}
