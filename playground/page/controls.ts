// The choices that a run follows from: seed, harts, kinds of chaos, faults of the disk. A wrong one is said beside the form,
// before anything starts.

import { chaosKinds, parseChaos } from "../../machine/host/chaos.ts";
import { faultKinds, parseFaults } from "../../machine/host/faults.ts";
import { HARTS_MAX, HARTS_MIN, SEED_END, type Setup, usualSetup } from "../protocol/setup.ts";
import { button, byId, make } from "./dom.ts";
import { sayProblem } from "./notices.ts";

export class Controls {
  private readonly seed = byId("seed", HTMLInputElement);
  private readonly faults = byId("faults", HTMLInputElement);
  private readonly harts: HTMLInputElement[] = [];
  private readonly chaos = new Map<string, HTMLInputElement>();

  /** @param onStart gets what was chosen */
  constructor(onStart: (setup: Setup) => void) {
    this.makeHarts();
    this.makeChaos();
    this.makeFaults();
    byId("setup", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const setup = this.read();
      if (setup !== undefined) {
        closeMenus();
        onStart(setup);
      }
    });
    this.faults.addEventListener("input", () => this.count());
    document.addEventListener("pointerdown", ({ target }) =>
      closeMenus(target instanceof Node ? target : undefined),
    );
    document.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") {
        closeMenus();
      }
    });
  }

  /** Shows what a run follows from. */
  show({ seed, harts, chaos, faults }: Setup): void {
    this.seed.value = seed;
    this.faults.value = faults;
    for (const input of this.harts) {
      input.checked = input.value === String(harts);
    }
    let mask = 0;
    try {
      mask = chaos === "" ? 0 : parseChaos(chaos);
    } catch {
      // The worker says what is wrong with it.
    }
    for (const [word, bit] of chaosKinds) {
      const input = this.chaos.get(word);
      if (input !== undefined) {
        input.checked = (mask & bit) !== 0;
      }
    }
    this.count();
  }

  private read(): Setup | undefined {
    const seed = this.seed.value.trim();
    if (!/^[0-9]+$/.test(seed) || BigInt(seed) >= SEED_END) {
      sayProblem(`"${seed}" is no seed.`, "A seed is a whole number below 2^64, such as 7.");
      return undefined;
    }
    const faults = this.faults.value.trim();
    try {
      parseFaults(faults);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      sayProblem(
        `The fault plan cannot be read: ${shortened(why)}.`,
        "Write kind@n or kind@first-last, several with commas.",
      );
      return undefined;
    }
    const words = chaosKinds.map(([word]) => word).filter((word) => this.chaos.get(word)?.checked === true);
    const chaos = words.length === chaosKinds.length ? "all" : words.join(",");
    const harts = Number(this.harts.find(({ checked }) => checked)?.value ?? usualSetup.harts);
    return { ...usualSetup, seed, harts, chaos, faults };
  }

  private makeHarts(): void {
    for (let harts = HARTS_MIN; harts <= HARTS_MAX; harts += 1) {
      const label = make("label");
      const input = make("input");
      input.type = "radio";
      input.name = "harts";
      input.value = String(harts);
      this.harts.push(input);
      label.append(input, make("i", "", String(harts)));
      byId("harts", HTMLElement).append(label);
    }
  }

  private makeChaos(): void {
    for (const [word, , meaning] of chaosKinds) {
      const label = make("label", "kind");
      const input = make("input");
      input.type = "checkbox";
      input.addEventListener("change", () => this.count());
      this.chaos.set(word, input);
      label.append(input, make("b", "", word), make("span", "", meaning));
      byId("chaos", HTMLElement).append(label);
    }
  }

  private makeFaults(): void {
    for (const [word, , meaning] of faultKinds) {
      const row = button("", "kind act", () => {
        const before = this.faults.value.trim();
        this.faults.value = before === "" ? `${word}@3` : `${before}, ${word}@3`;
        this.count();
      });
      row.append(make("b", "", word), make("span", "", meaning));
      byId("faults-kinds", HTMLElement).append(row);
    }
  }

  private count(): void {
    const kinds = [...this.chaos.values()].filter(({ checked }) => checked).length;
    byId("chaos-count", HTMLOutputElement).value = kinds === 0 ? "off" : String(kinds);
    const plan = this.faults.value.split(/[\s,]+/).filter((word) => word !== "").length;
    byId("faults-count", HTMLOutputElement).value = plan === 0 ? "none" : String(plan);
  }
}

/** Closes the menus, but not the one that has the target. */
export function closeMenus(target?: Node): void {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (target === undefined || !menu.contains(target)) {
      menu.removeAttribute("open");
    }
  }
}

/** Without the list of all kinds, which the menu shows. */
function shortened(why: string): string {
  return why.replace(/ is neither a fault nor a file:.*/, " is no kind of fault");
}
