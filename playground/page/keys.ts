// The keyboard, outside the console and fields: what each key does. F6 goes from region to region, also out of the console.

export interface KeyActions {
  play: () => void;
  step: (back: boolean) => void;
  /** To the event of the chosen hart before or after this one. */
  event: (back: boolean) => void;
  goToStart: () => void;
  goToEnd: () => void;
  zoom: (factor: number) => void;
  all: () => void;
  fold: () => void;
  hart: (by: number) => void;
  focusConsole: () => void;
}

const ZOOM = 1.5;

export function listenToKeys(actions: KeyActions): void {
  const table: Readonly<Record<string, () => void>> = {
    " ": actions.play,
    ArrowLeft: () => actions.step(true),
    ArrowRight: () => actions.step(false),
    "shift ArrowLeft": () => actions.event(true),
    "shift ArrowRight": () => actions.event(false),
    ArrowUp: () => actions.hart(-1),
    ArrowDown: () => actions.hart(1),
    Home: actions.goToStart,
    End: actions.goToEnd,
    "+": () => actions.zoom(1 / ZOOM),
    "=": () => actions.zoom(1 / ZOOM),
    "-": () => actions.zoom(ZOOM),
    a: actions.all,
    f: actions.fold,
    c: actions.focusConsole,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || belongsElsewhere(event)) {
      return;
    }
    const isShifted = event.shiftKey && event.key.startsWith("Arrow");
    const act =
      table[`${isShifted ? "shift " : ""}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`];
    if (act !== undefined) {
      event.preventDefault();
      act();
    }
  });
}

/** A field takes its keys itself; a button takes the space bar, and the slider its arrows. */
function belongsElsewhere({ target, key }: KeyboardEvent): boolean {
  if (target instanceof HTMLInputElement) {
    return target.type !== "checkbox" || key === " ";
  }
  if (target instanceof HTMLTextAreaElement) {
    return true;
  }
  return (
    (target instanceof HTMLButtonElement ||
      (target instanceof HTMLElement && target.tagName === "SUMMARY")) &&
    (key === " " || key === "Enter")
  );
}
