// Runs one .wast file: each module becomes an instance, each action a command for the board. Every assertion is judged
// by the board's line, or left out with the reason.

import { Problem } from "../../../host/problem.ts";
import { type Exported, emitInstance } from "../../../toolchain/ir/instance.ts";
import { trapReasons } from "../../../toolchain/ir/instructions/traps.ts";
import { TypeIds } from "../../../toolchain/ir/table.ts";
import type { ImportName, ValueType, WasmModule } from "../../../toolchain/wasm/module.ts";
import { readModule } from "../../../toolchain/wasm/reader.ts";
import type { Converted, JsonAction, JsonCommand, JsonValue } from "./convert.ts";
import { disturb, doubt, isCutShort, type Loaded, mayWrite, Registry, type Running } from "./instances.ts";
import { type Command, Pool, runBoard } from "./rv64/board.ts";
import { Thunks } from "./rv64/thunks.ts";
import { spectest } from "./spectest.ts";

const PAGE_BYTES = 0x10000;

/** How many pages a memory may grow to: the suite's largest request that has to work is for 10,003. */
const PAGES_MAX = 10_240;

/** The assertions about running code. */
export type AssertionKind = "assert_return" | "assert_trap" | "assert_exhaustion" | "assert_uninstantiable";

/** The result of one assertion. */
export interface Judgement {
  readonly kind: AssertionKind;
  readonly line: number;
  readonly outcome: "passed" | "failed" | "left out";
  /** What went wrong, or why it is left out. */
  readonly detail: string;
}

/** A command that was given to the board, and how its line is judged. */
interface Asked {
  readonly command: Command;
  readonly line: number;
  /** Undefined for an action that is no assertion: it has to return, and is not counted. */
  readonly kind: AssertionKind | undefined;
  readonly expected: readonly bigint[] | { readonly trap: string };
  /** Why another result would prove nothing, if so. */
  readonly doubted: string | undefined;
}

/** Runs a file's commands on the board. */
export async function runFile({ commands, module }: Converted): Promise<Judgement[]> {
  const plan = new Plan(module);
  for (const command of commands) {
    plan.add(command);
  }
  const { asked, judgements } = plan;
  if (asked.length === 0) {
    return judgements;
  }
  const lines = await runBoard({
    lines: plan.text(),
    commands: asked.map(({ command }) => command),
    quiet: false,
  });
  return [...judgements, ...asked.flatMap((one, index) => judge(one, lines[index]))];
}

class Plan {
  readonly asked: Asked[] = [];
  readonly judgements: Judgement[] = [];
  private readonly module: Converted["module"];
  private readonly thunks = new Thunks();
  private readonly pool = new Pool();
  private readonly typeIds = new TypeIds();
  private readonly lines: string[] = [];
  private readonly named = new Map<string, Loaded>();
  private readonly registry: Registry;
  private last: Loaded = { leftOut: "there is no module" };
  private count = 0;

  constructor(module: Converted["module"]) {
    this.module = module;
    const host = spectest(this.pool);
    this.lines.push(...host.lines);
    this.registry = new Registry(host.exports);
  }

  text(): string[] {
    return [...this.lines, ...this.thunks.lines];
  }

  add(command: JsonCommand): void {
    switch (command.type) {
      case "module":
        this.last = this.load(command.filename);
        if (command.name !== undefined) {
          this.named.set(command.name, this.last);
        }
        this.instantiate(this.last, command.line, undefined, []);
        break;
      case "register":
        this.registry.register(command.as, this.moduleOf(command.name));
        break;
      case "action":
        this.act(command.action, command.line, undefined, undefined);
        break;
      case "assert_return":
        this.act(command.action, command.line, command.type, command.expected);
        break;
      case "assert_trap":
      case "assert_exhaustion":
        this.act(command.action, command.line, command.type, { trap: command.text });
        break;
      case "assert_uninstantiable": {
        const loaded = this.load(command.filename);
        this.instantiate(loaded, command.line, command.type, { trap: command.text });
        break;
      }
    }
  }

  private instantiate(
    loaded: Loaded,
    line: number,
    kind: AssertionKind | undefined,
    expected: Asked["expected"],
  ): void {
    if ("leftOut" in loaded) {
      this.leaveOut(kind, line, loaded.leftOut);
      return;
    }
    const [unsaid] = loaded.module.unsaid;
    if (kind !== undefined && (loaded.disturbed ?? unsaid) !== undefined) {
      this.leaveOut(kind, line, loaded.disturbed ?? unsaid ?? "");
      return;
    }
    const command = {
      thunk: this.thunks.call({ params: [], results: [] }),
      target: loaded.init,
      arguments: [],
    };
    this.asked.push({ command, line, kind, expected, doubted: loaded.doubted });
  }

  private act(
    action: JsonAction,
    line: number,
    kind: AssertionKind | undefined,
    expected: readonly JsonValue[] | { readonly trap: string } | undefined,
  ): void {
    const values = [
      ...(action.args ?? []),
      ...(expected !== undefined && !("trap" in expected) ? expected : []),
    ];
    const foreign = values.find(({ type }) => type !== "i32" && type !== "i64");
    const loaded = this.moduleOf(action.module);
    if ("leftOut" in loaded) {
      this.leaveOut(kind, line, loaded.leftOut);
      return;
    }
    if (loaded.disturbed !== undefined) {
      this.leaveOut(kind, line, loaded.disturbed);
      return;
    }
    const target = loaded.exports.get(action.field);
    if (target === undefined) {
      throw new Problem(`line ${line}: the module has no export "${action.field}"`);
    }
    const reason = foreign === undefined ? this.reasonOf(loaded, target) : reasonOfType(foreign.type);
    if (reason === undefined) {
      const command = this.commandFor(action, target);
      this.asked.push({ command, line, kind, expected: expectedBits(expected), doubted: loaded.doubted });
      return;
    }
    this.leaveOut(kind, line, reason);
    // Memory and globals miss the effect of this call. An assertion is mostly about its result.
    if (kind === undefined) {
      disturb(loaded, `it depends on a call that is left out (${reason})`);
    } else if (writes(loaded, action)) {
      doubt(loaded, `it may depend on a call that is left out (${reason})`);
    }
  }

  /** Why an export cannot be called or read; undefined if it can. */
  private reasonOf(loaded: Running, target: Exported): string | undefined {
    const why = loaded.untranslatable.get(target.symbol);
    if (why !== undefined) {
      return why.reason === "floating point" ? why.reason : why.detail;
    }
    const types =
      target.kind === "function"
        ? [...target.type.params, ...target.type.results]
        : target.kind === "global"
          ? [target.type]
          : [];
    const foreign = types.find((type) => !isInteger(type));
    return foreign === undefined ? undefined : reasonOfType(foreign);
  }

  private commandFor(action: JsonAction, target: Exported): Command {
    const given = (action.args ?? []).map((value) => bitsOf(value));
    if (target.kind === "function") {
      return { thunk: this.thunks.call(target.type), target: target.symbol, arguments: given };
    }
    if (target.kind !== "global") {
      throw new Problem(`export "${action.field}" is neither function nor global`);
    }
    return { thunk: this.thunks.get(target.type), target: target.symbol, arguments: [] };
  }

  private leaveOut(kind: AssertionKind | undefined, line: number, detail: string): void {
    if (kind !== undefined) {
      this.judgements.push({ kind, line, outcome: "left out", detail });
    }
  }

  private moduleOf(name: string | undefined): Loaded {
    if (name === undefined) {
      return this.last;
    }
    return this.named.get(name) ?? { leftOut: `no module ${name}` };
  }

  private load(filename: string): Loaded {
    this.count++;
    const data = this.module(filename);
    try {
      const importedGlobal = (name: ImportName): bigint | undefined => {
        const found = this.registry.resolve(name);
        return found.kind === "global" ? found.value : undefined;
      };
      const module = readModule(data, importedGlobal);
      const instance = emitInstance(module, {
        name: `m${this.count}`,
        memory: this.memoryFor(module),
        typeIds: this.typeIds,
        resolve: (_kind, name) => this.registry.resolve(name),
      });
      this.lines.push(...instance.lines);
      const running: Running = {
        ...instance,
        module,
        disturbed: undefined,
        doubted: undefined,
        shares: new Set(),
      };
      this.registry.link(running);
      const [unsaid] = module.unsaid;
      if (unsaid !== undefined) {
        this.registry.leaveOutElements(module, unsaid);
      }
      if (isCutShort(module, module.start)) {
        disturb(running, "its start function is left out");
      }
      return running;
    } catch (error) {
      if (!(error instanceof Problem)) {
        throw error;
      }
      const leftOut = error.message.replace(/^malformed Wasm at byte \d+: /, "");
      this.registry.leaveOut(data, leftOut);
      return { leftOut };
    }
  }

  private memoryFor(module: WasmModule): { kind: "checked"; base: bigint; pagesMax: number } {
    const { memory } = module;
    if (memory === undefined || memory.source !== undefined) {
      return { kind: "checked", base: 0n, pagesMax: 0 };
    }
    const most = mayGrow(module) ? Math.min(memory.maximum ?? PAGES_MAX, PAGES_MAX) : 0;
    const pagesMax = Math.max(most, memory.initial);
    const base = this.pool.take(pagesMax * PAGE_BYTES, PAGE_BYTES);
    if (base === undefined) {
      throw new Problem("more memory than the board has");
    }
    return { kind: "checked", base, pagesMax };
  }
}

/** Whether other modules may see the effect of an action. */
function writes({ module }: Running, { type, field }: JsonAction): boolean {
  const exported = module.exports.find(({ name }) => name === field);
  return type === "invoke" && exported !== undefined && mayWrite(module, exported.index);
}

/** Whether this module, or one that imports its memory, can make it larger. */
function mayGrow({ functions, exports }: WasmModule): boolean {
  return (
    exports.some(({ kind }) => kind === "memory") ||
    functions.some(({ body }) => body?.instructions.some(({ kind }) => kind === "memory.grow") ?? false)
  );
}

function isInteger(type: ValueType): boolean {
  return type === "i32" || type === "i64";
}

function reasonOfType(type: string): string {
  if (/^f\d/.test(type)) {
    return "floating point";
  }
  return type === "v128" ? "SIMD" : "references";
}

/** An integer as a register holds it: an i32 sign-extended. */
function bitsOf({ type, value }: JsonValue): bigint {
  const number = BigInt(typeof value === "string" ? value : 0);
  return BigInt.asUintN(64, type === "i32" ? BigInt.asIntN(32, number) : number);
}

function expectedBits(
  expected: readonly JsonValue[] | { readonly trap: string } | undefined,
): Asked["expected"] {
  if (expected === undefined) {
    return [];
  }
  return "trap" in expected ? expected : expected.map(bitsOf);
}

/** Judges a command by its line of the console. Gives nothing for a command that is no assertion and went well. */
function judge({ kind, line, expected, doubted }: Asked, said: string | undefined): Judgement[] {
  const about = { kind: kind ?? "assert_return", line };
  if (said === undefined) {
    return [{ ...about, outcome: "failed", detail: "the program ended before it" }];
  }
  const words = said.split(" ");
  const status = words.pop() ?? "";
  const reason = status.startsWith("!") ? reasonOf(Number.parseInt(status.slice(1), 16)) : undefined;
  if (reason === "floating point" || reason === "no translation") {
    return kind === undefined
      ? []
      : [{ ...about, outcome: "left out", detail: `${reason}, in a function it calls` }];
  }
  const got = words.filter((word) => word.startsWith("01:")).map((word) => BigInt(`0x${word.slice(3)}`));
  const detail =
    "trap" in expected ? wrongTrap(expected.trap, reason) : wrongResult(expected, got, reason, kind);
  if (detail !== undefined && doubted !== undefined) {
    return kind === undefined ? [] : [{ ...about, outcome: "left out", detail: doubted }];
  }
  if (detail !== undefined) {
    return [{ ...about, outcome: "failed", detail }];
  }
  return kind === undefined ? [] : [{ ...about, outcome: "passed", detail: "" }];
}

function reasonOf(code: number): string {
  return trapReasons[code - 1] ?? `exception ${code - 0x40}`;
}

/** Whether the suite's message begins with ours, or ours with the suite's. */
function wrongTrap(wanted: string, reason: string | undefined): string | undefined {
  if (reason === undefined) {
    return `it has to trap (${wanted}), but it returned`;
  }
  return reason.startsWith(wanted) || wanted.startsWith(reason)
    ? undefined
    : `trap: ${reason}, not ${wanted}`;
}

function wrongResult(
  wanted: readonly bigint[],
  got: readonly bigint[],
  reason: string | undefined,
  kind: AssertionKind | undefined,
): string | undefined {
  if (reason !== undefined) {
    return `trap: ${reason}`;
  }
  if (
    kind === undefined ||
    (wanted.length === got.length && wanted.every((value, at) => value === got[at]))
  ) {
    return undefined;
  }
  const hex = (values: readonly bigint[]): string =>
    values.map((value) => `0x${value.toString(16)}`).join(" ");
  return `gives ${hex(got) || "nothing"}, not ${hex(wanted) || "nothing"}`;
}
