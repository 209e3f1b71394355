// The page's beginning: the build's name, then the run that the address asks for.

import { object, readJson, text } from "../../host/json.ts";
import { Guide } from "../tours/guide.ts";
import { tours } from "../tours/tours.ts";
import { App } from "./app.ts";
import { closeMenus } from "./controls.ts";
import { button, byId, make } from "./dom.ts";
import { takeFiles } from "./files.ts";
import { listenToKeys } from "./keys.ts";
import { sayProblem } from "./notices.ts";

const manifest = object({ version: text });

async function begin(): Promise<void> {
  const response = await fetch(new URL("data/manifest.json", document.baseURI));
  const { version } = readJson(await response.text(), "data/manifest.json", manifest);
  const app = new App(version);
  const guide = new Guide(app);
  wire(app, guide);
  app.startFromAddress();
  document.body.dataset.ready = "true";
}

function wire(app: App, guide: Guide): void {
  const on = (id: string, act: () => void): void =>
    byId(id, HTMLButtonElement).addEventListener("click", act);
  on("zoom-in", () => app.zoom(1 / 1.7));
  on("zoom-out", () => app.zoom(1.7));
  on("all", () => app.showAll());
  on("save", () => app.save());
  on("share", () => void app.share());
  byId("fold", HTMLInputElement).addEventListener("change", ({ target }) => {
    app.fold(target instanceof HTMLInputElement && target.checked);
  });
  takeFiles((file) => app.open(file));
  for (const tour of tours) {
    const row = button("", "kind act", () => {
      closeMenus();
      void guide.begin(tour);
    });
    row.append(make("b", "", tour.name), make("span", "", tour.about));
    byId("tours", HTMLElement).append(row);
  }
  listenToKeys({
    play: () => app.toggle(),
    step: (back) => app.step(back),
    event: (back) => app.goToEvent(back),
    goToStart: () => app.goTo(0),
    goToEnd: () => app.goToEnd(),
    zoom: (factor) => app.zoom(factor),
    all: () => app.showAll(),
    fold: () => app.fold(),
    hart: (by) => app.choose(Math.min(Math.max(app.hart + by, 0), app.setup.harts - 1)),
    focusConsole: () => app.console.focus(),
  });
  document.addEventListener("visibilitychange", () => app.rest(document.hidden));
  window.addEventListener("hashchange", () => app.startFromAddress());
}

begin().catch((error: unknown) => {
  const why = error instanceof Error ? error.message : String(error);
  sayProblem(`The playground cannot start: ${why}.`, "Reload the page; it needs a browser of 2023 or newer.");
});
