// What went wrong or was done, for a person: one line what, one line what to do. A problem stays until it is closed.

import { button, byId, make } from "./dom.ts";

const NOTE_MS = 6_000;
const NOTICES_MAX = 3;

/** Says what went wrong, and what to do. */
export function sayProblem(what: string, todo: string): void {
  const element = show("problem", what);
  element.append(make("span", "", todo));
  element.append(button("×", "close", () => element.remove()));
  element.lastElementChild?.setAttribute("aria-label", "Close");
}

/** Says that something was done. */
export function sayNote(text: string): void {
  const element = show("note", text);
  setTimeout(() => element.remove(), NOTE_MS);
}

function show(kind: string, text: string): HTMLElement {
  const notices = byId("notices", HTMLElement);
  const element = make("div", `notice ${kind}`);
  element.append(make("strong", "", text));
  notices.append(element);
  while (notices.childElementCount > NOTICES_MAX) {
    notices.firstElementChild?.remove();
  }
  return element;
}
