/** Asserts that a response is the one that a conformance case expects. */
import { expect } from "vitest";
import { type Answer, type Expectation, type HeaderExpectation, type Story, textOf, valuesOf } from "./case.ts";

/** Throws an assertion error for the first difference. */
export function assertAnswer(answer: Answer, expected: Expectation, story: Story): void {
  const text = `${answer.status} ${JSON.stringify(answer.headers)} ${textOf(answer).slice(0, 500)}`;
  expect([expected.status].flat(), text).toContain(answer.status);
  for (const [name, value] of Object.entries(expected.headers ?? {})) assertHeader(name, valuesOf(answer, name), value);
  if (expected.body !== undefined) assertBody(answer, expected.body);
  if (expected.json !== undefined) {
    // A case that expects another type of JSON names it.
    if (expected.headers?.["content-type"] === undefined)
      expect(valuesOf(answer, "content-type").join(), text).toMatch(/^application\/json\b/);
    expect(JSON.parse(textOf(answer))).toEqual(expected.json);
  }
  for (const secret of expected.hides ?? [])
    expect(JSON.stringify(answer.headers) + textOf(answer)).not.toContain(secret);
  expected.check?.(answer, story);
}

function assertHeader(name: string, values: readonly string[], expected: HeaderExpectation): void {
  if (expected === null) expect(values, name).toEqual([]);
  else if (Array.isArray(expected)) expect(values, name).toEqual(expected);
  else if (expected instanceof RegExp) expect(values.join(", "), name).toMatch(expected);
  else expect(values.join(", "), name).toBe(expected);
}

function assertBody(answer: Answer, expected: string | RegExp | Uint8Array): void {
  if (typeof expected === "string") expect(textOf(answer)).toBe(expected);
  else if (expected instanceof RegExp) expect(textOf(answer)).toMatch(expected);
  // Compared as buffers, since toEqual takes seconds for megabytes.
  else expect(Buffer.compare(answer.bytes, expected), `${answer.bytes.length} bytes for ${expected.length}`).toBe(0);
}
