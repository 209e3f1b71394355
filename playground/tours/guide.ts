// Takes a person through a tour: a card with a step's text, and the buttons to go on, back, and away. A step does something to
// the real run before it speaks.

import type { App } from "../page/app.ts";
import { button, byId, make } from "../page/dom.ts";
import { sayProblem } from "../page/notices.ts";

/** One step: what is done, then what is said about it. */
export interface Step {
  title: string;
  /** May use what `act` has found. */
  text: (app: App) => string;
  act: (app: App) => void | Promise<void>;
}

export interface Tour {
  name: string;
  about: string;
  steps: readonly Step[];
}

export class Guide {
  private readonly app: App;
  private readonly card = byId("tour", HTMLElement);
  private tour: Tour | undefined;
  private at = 0;

  constructor(app: App) {
    this.app = app;
    document.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") {
        this.leave();
      }
    });
  }

  async begin(tour: Tour): Promise<void> {
    this.tour = tour;
    await this.go(0);
  }

  leave(): void {
    this.tour = undefined;
    this.card.hidden = true;
    document.body.classList.remove("touring");
    this.app.picture.lit = undefined;
    this.app.picture.paintSoon();
  }

  private async go(at: number): Promise<void> {
    const { tour } = this;
    const step = tour?.steps[at];
    if (tour === undefined || step === undefined) {
      this.leave();
      return;
    }
    this.at = at;
    document.body.classList.add("touring");
    this.card.hidden = false;
    this.card.dataset.step = "";
    this.card.setAttribute("aria-busy", "true");
    try {
      await step.act(this.app);
    } catch (error) {
      sayProblem(
        `This step of the tour cannot be shown: ${error instanceof Error ? error.message : String(error)}.`,
        "Go on, or begin the tour again.",
      );
    }
    if (this.tour === tour && this.at === at) {
      this.show(tour, step);
    }
  }

  private show(tour: Tour, step: Step): void {
    const { at } = this;
    const isLast = at + 1 === tour.steps.length;
    const head = make("div", "tour-head");
    head.append(
      make("span", "faint", `${tour.name} · ${at + 1} of ${tour.steps.length}`),
      button("×", "close", () => this.leave()),
    );
    head.lastElementChild?.setAttribute("aria-label", "Leave the tour");
    const buttons = make("div", "tour-buttons");
    const before = button("Back", "", () => void this.go(at - 1));
    before.disabled = at === 0;
    const next = button(isLast ? "Done" : "Next", "primary", () => void this.go(at + 1));
    buttons.append(before, next);
    this.card.replaceChildren(head, make("h2", "", step.title), make("p", "", step.text(this.app)), buttons);
    this.card.setAttribute("aria-busy", "false");
    this.card.dataset.step = String(at + 1);
    next.focus();
  }
}
