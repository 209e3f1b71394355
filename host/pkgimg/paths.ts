// Which paths an image may have: the rules of source/libs/pkgimg/path.ts, with a message for each.

import { PATH_BYTES_MAX, PATH_PARTS_MAX } from "../../build/gen/host/source/libs/pkgimg/format.ts";

/** The optional beginning of a path. */
const SCHEME = "pkg://";

/**
 * A path of an image from what a user typed: without the scheme, and without slashes at its ends. The guest's shell accepts the
 * same.
 */
export function imagePath(typed: string): string {
  const path = typed.startsWith(SCHEME) ? typed.slice(SCHEME.length) : typed;
  return path.replace(/^\/+|\/+$/g, "");
}

/** Says what is wrong with a path. Undefined if nothing is. */
export function pathProblem(path: string): string | undefined {
  if (path === "") {
    return "it is empty";
  }
  const bytes = Buffer.from(path, "utf8");
  if (bytes.toString("utf8") !== path) {
    return "it is not Unicode (half a surrogate pair)";
  }
  if (bytes.length > PATH_BYTES_MAX) {
    return `it has ${bytes.length} bytes, more than ${PATH_BYTES_MAX}`;
  }
  if (bytes.some((value) => value < 0x20 || value === 0x7f)) {
    return "it has a control character";
  }
  const parts = path.split("/");
  if (parts.includes("")) {
    return "it has an empty part (a slash at its start or end, or two in a row)";
  }
  if (parts.some((part) => part === "." || part === "..")) {
    return "it has a part that is '.' or '..'";
  }
  if (parts.length > PATH_PARTS_MAX) {
    return `it has ${parts.length} parts, more than ${PATH_PARTS_MAX}`;
  }
  return undefined;
}
