/** Runs a conformance case on running servers: sends each step's request, asserts its response and keeps cookies. */
import type { Answer, Case, Expectation, Step, Story } from "./case.ts";
import type { Difference } from "./differences.ts";
import { CookieJar } from "./cookie-jar.ts";
import { assertAnswer } from "./answer-assertion.ts";
import { send } from "./raw-client.ts";
import type { RunningApp } from "./runtime.ts";

/**
 * Runs a case. Throws for the first wrong response.
 * @param servers of the same app; a scattered case uses them in turn
 */
export async function runCase(one: Case, servers: readonly RunningApp[], difference?: Difference): Promise<void> {
  const visitors = Array.from({ length: one.visitors ?? 1 }, (_, visitor) => visit(one, servers, visitor, difference));
  await Promise.all(visitors);
}

async function visit(
  one: Case,
  servers: readonly RunningApp[],
  visitor: number,
  difference: Difference | undefined,
): Promise<void> {
  const jar = new CookieJar();
  const answers: Answer[] = [];
  for (const [index, step] of one.steps.entries()) {
    const server = servers[one.scattered ? (visitor + index) % servers.length : 0];
    if (!server) throw new Error("no server runs");
    const story = { origin: server.origin, visitor, answers };
    const answer = await runStep(
      step,
      server,
      jar,
      story,
      index === one.steps.length - 1 ? rowOf(one, difference) : undefined,
    );
    jar.store(answer);
    answers.push(answer);
  }
}

/** The difference, with the expectation for this case. */
const rowOf = ({ name }: Case, row: Difference | undefined): Difference | undefined =>
  row && { ...row, expect: row.but?.[name] ?? row.expect };

const attempts = 50;
const pause = 20;

async function runStep(
  step: Step,
  server: RunningApp,
  jar: CookieJar,
  story: Story,
  difference: Difference | undefined,
): Promise<Answer> {
  const ask = jar.withCookies(typeof step.ask === "function" ? step.ask(story) : step.ask);
  const expected = typeof step.expect === "function" ? step.expect(story) : step.expect;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await (ask.to === undefined ? server.send(ask) : send(ask.to, ask));
    try {
      if (difference) assertDifference(answer, expected, difference, story);
      else assertAnswer(answer, expected, story);
      return answer;
    } catch (error) {
      if (!step.eventually || attempt === attempts) throw error;
      await new Promise((resume) => setTimeout(resume, pause));
    }
  }
}

/** Asserts that the difference holds and is still needed. */
function assertDifference(answer: Answer, expected: Expectation, difference: Difference, story: Story): void {
  assertAnswer(answer, difference.expect, story);
  try {
    assertAnswer(answer, expected, story);
  } catch {
    return;
  }
  throw new Error("this is answered as everywhere else: remove the case from its row in differences.ts");
}
