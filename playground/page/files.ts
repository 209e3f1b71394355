// Recordings that come and go as files: opened, dropped anywhere on the page, saved.

import { byId, make } from "./dom.ts";
import { sayProblem } from "./notices.ts";

/** A recording is text; a larger file is none. */
const FILE_BYTES_MAX = 512 * 2 ** 20;

/** @param onFile gets the text of a file */
export function takeFiles(onFile: (text: string) => void): void {
  const input = byId("file", HTMLInputElement);
  byId("open", HTMLButtonElement).addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    void read(input.files?.[0], onFile);
    input.value = "";
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", ({ relatedTarget }) => {
    if (relatedTarget === null) {
      document.body.classList.remove("dropping");
    }
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    void read(event.dataTransfer?.files[0], onFile);
  });
}

async function read(file: File | undefined, onFile: (text: string) => void): Promise<void> {
  if (file === undefined) {
    return;
  }
  if (file.size > FILE_BYTES_MAX) {
    sayProblem(
      `${file.name} is too large for a recording.`,
      "Open a file that Save or ./nx boot --record has made.",
    );
    return;
  }
  onFile(await file.text());
}

/** Gives a file to the person. */
export function giveFile(name: string, text: string): void {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
