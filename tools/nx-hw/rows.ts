// Questions whose answer is a list of rows: the device tree, interrupts, tasks and the audit trail. Single facts are
// one row.
//
// The one idea: a list of fields describes a row once. The reader, the JSON and the table all follow from it.

import { Problem } from "../../host/problem.ts";
import { type Column, formatTable } from "../../host/report.ts";
import { type Answer, numberValue, pairValue, textValue } from "./ask.ts";

/**
 * One field of a row: its key in the guest's line, and the type of its value. `maybe`: text, or `-` for nothing.
 * `limited`: a number, and one that it may not exceed, behind a slash: `<key>` and `<key>_limit` in JSON.
 */
export interface Field {
  key: string;
  kind: "number" | "text" | "maybe" | "limited";
}

export type Value = number | string | null;
export type Row = Record<string, Value>;

/** A question, and the fields of its answer. */
export interface Question {
  /** What the guest runs. */
  run: string;
  fields: readonly Field[];
  /** More fields, which only some rows have and only JSON shows. */
  more?: readonly Field[];
  /** For single facts: the word that begins the guest's only line. */
  word?: string;
}

export const questions = {
  dt: {
    run: "nx hw dt",
    fields: [text("node"), maybe("compatible"), maybe("reg"), maybe("irq"), maybe("status")],
  },
  sbi: {
    run: "nx hw sbi",
    word: "sbi",
    fields: [
      text("version"),
      text("firmware"),
      text("firmware_version"),
      text("extensions"),
      number("sstc"),
      number("sswi"),
    ],
  },
  irq: {
    run: "nx hw irq",
    fields: [number("irq"), number("hart"), number("count"), number("open"), number("task"), maybe("name")],
  },
  ps: {
    run: "nx ps",
    fields: [
      text("task"),
      text("name"),
      text("state"),
      text("class"),
      number("job"),
      maybe("waits"),
      number("hart"),
      number("runs"),
    ],
    more: [number("end"), text("detail"), text("cause")],
  },
  jobs: {
    run: "nx jobs",
    fields: [
      number("job"),
      text("name"),
      maybe("of"),
      limited("pages"),
      limited("tasks"),
      limited("objects"),
      limited("endpoints"),
      limited("signals"),
      limited("pins"),
      limited("jobs"),
      number("ms"),
      limited("budget"),
      text("state"),
    ],
  },
  audit: {
    run: "nx audit",
    fields: [
      number("sequence"),
      number("ms"),
      number("hart"),
      maybe("task"),
      number("times"),
      text("kind"),
      text("what"),
    ],
    more: [text("word0"), text("word1")],
  },
} as const satisfies Record<string, Question>;

export type QuestionName = keyof typeof questions;

function number(key: string): Field {
  return { key, kind: "number" };
}

function limited(key: string): Field {
  return { key, kind: "limited" };
}

function text(key: string): Field {
  return { key, kind: "text" };
}

function maybe(key: string): Field {
  return { key, kind: "maybe" };
}

/** The guest's lines as rows. Throws Problem if a line lacks a field, or if there are no lines. */
export function rowsOf(question: Question, answers: Answer[]): Row[] {
  const rows = answers.map((answer) => {
    if (question.word !== undefined && answer.word !== question.word) {
      throw new Problem(`the guest's answer does not begin with "nx: ${question.word}"`);
    }
    const row: Row = {};
    for (const field of question.fields) {
      row[camelCase(field.key)] = fieldValue(answer, field);
      if (field.kind === "limited") {
        row[camelCase(limitKey(field.key))] = pairValue(answer, field.key)[1];
      }
    }
    for (const field of question.more ?? []) {
      if (answer.values.has(field.key)) {
        row[camelCase(field.key)] = fieldValue(answer, field);
      }
    }
    return row;
  });
  if (rows.length === 0) {
    throw new Problem(`the guest's answer to "${question.run}" is empty`);
  }
  return rows;
}

function fieldValue(answer: Answer, { key, kind }: Field): Value {
  if (kind === "number") {
    return numberValue(answer, key);
  }
  if (kind === "limited") {
    return pairValue(answer, key)[0];
  }
  const value = textValue(answer, key);
  return kind === "maybe" && value === "-" ? null : value;
}

/** The value that `--json` prints: a list of rows, or one object for single facts. */
export function jsonOf(question: Question, rows: Row[]): Row | Row[] {
  return question.word === undefined ? rows : (rows[0] ?? {});
}

/** The table for a person: a line for each row, or for each single fact. */
export function tableOf(question: Question, rows: Row[]): string {
  const keys = question.fields.map(({ key }) => key);
  if (question.word !== undefined) {
    const [facts] = rows;
    const lines = keys.map((key) => [key.replaceAll("_", " "), shown(facts?.[camelCase(key)])]);
    return formatTable([{ heading: question.word }, { heading: "" }], lines);
  }
  const columns: Column[] = question.fields.map(({ key, kind }) => {
    const heading = key.replaceAll("_", " ");
    return kind === "number" || kind === "limited" ? { heading, align: "right" } : { heading };
  });
  const cells = rows.map((row) =>
    question.fields.map(({ key, kind }) => {
      const value = shown(row[camelCase(key)]);
      return kind === "limited" ? `${value}/${shown(row[camelCase(limitKey(key))])}` : value;
    }),
  );
  return formatTable(columns, cells);
}

function limitKey(key: string): string {
  return `${key}_limit`;
}

function shown(value: Value | undefined): string {
  return value === null || value === undefined ? "-" : String(value);
}

/** `ipis_sent` → `ipisSent`. */
export function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
