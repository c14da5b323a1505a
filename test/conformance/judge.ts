/** Compares an answer with what a case expects: both in, nothing out, or an assertion error that says what differs. */
import { expect } from "vitest";
import { type Answer, type Expectation, type HeaderExpectation, type Story, textOf, valuesOf } from "./case.ts";

/** Throws at the first difference. */
export function judge(answer: Answer, expected: Expectation, story: Story): void {
  const shown = `${answer.status} ${JSON.stringify(answer.headers)} ${textOf(answer).slice(0, 500)}`;
  expect([expected.status].flat(), shown).toContain(answer.status);
  for (const [name, value] of Object.entries(expected.headers ?? {})) judgeHeader(name, valuesOf(answer, name), value);
  if (expected.body !== undefined) judgeBody(answer, expected.body);
  if (expected.json !== undefined) {
    expect(valuesOf(answer, "content-type").join(), shown).toMatch(/^application\/json\b/);
    expect(JSON.parse(textOf(answer))).toEqual(expected.json);
  }
  for (const text of expected.hides ?? []) expect(JSON.stringify(answer.headers) + textOf(answer)).not.toContain(text);
  expected.check?.(answer, story);
}

function judgeHeader(name: string, values: readonly string[], expected: HeaderExpectation): void {
  if (expected === null) expect(values, name).toEqual([]);
  else if (Array.isArray(expected)) expect(values, name).toEqual(expected);
  else if (expected instanceof RegExp) expect(values.join(", "), name).toMatch(expected);
  else expect(values.join(", "), name).toBe(expected);
}

function judgeBody(answer: Answer, expected: string | RegExp | Uint8Array): void {
  if (typeof expected === "string") expect(textOf(answer)).toBe(expected);
  else if (expected instanceof RegExp) expect(textOf(answer)).toMatch(expected);
  // Not toEqual: at megabytes it takes seconds to say that two arrays are equal.
  else expect(Buffer.compare(answer.bytes, expected), `${answer.bytes.length} bytes for ${expected.length}`).toBe(0);
}
