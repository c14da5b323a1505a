/** Lives through a case on running servers: each step is asked and judged, cookies kept, for one visitor or for many at once. */
import type { Answer, Case, Expectation, Step, Story } from "./case.ts";
import type { Difference } from "./differences.ts";
import { Jar } from "./jar.ts";
import { judge } from "./judge.ts";
import type { Running } from "./runtime.ts";

/** Throws at the first answer that is wrong. @param servers of the same app; a scattered case goes from one to the next */
export async function tell(one: Case, servers: readonly Running[], difference?: Difference): Promise<void> {
  const visitors = Array.from({ length: one.visitors ?? 1 }, (_, visitor) => visit(one, servers, visitor, difference));
  await Promise.all(visitors);
}

async function visit(one: Case, servers: readonly Running[], visitor: number, difference: Difference | undefined): Promise<void> {
  const jar = new Jar();
  const answers: Answer[] = [];
  for (const [index, step] of one.steps.entries()) {
    const server = servers[one.scattered ? (visitor + index) % servers.length : 0];
    if (!server) throw new Error("no server runs");
    const story = { origin: server.origin, visitor, answers };
    const answer = await take(step, server, jar, story, index === one.steps.length - 1 ? rowOf(one, difference) : undefined);
    jar.keep(answer);
    answers.push(answer);
  }
}

/** The row as this case has it. */
const rowOf = ({ name }: Case, row: Difference | undefined): Difference | undefined =>
  row && { ...row, expect: row.but?.[name] ?? row.expect };

const attempts = 50;
const pause = 20;

async function take(step: Step, server: Running, jar: Jar, story: Story, difference: Difference | undefined): Promise<Answer> {
  const ask = jar.dress(typeof step.ask === "function" ? step.ask(story) : step.ask);
  const expected = typeof step.expect === "function" ? step.expect(story) : step.expect;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await server.send(ask);
    try {
      if (difference) judgeDifference(answer, expected, difference, story);
      else judge(answer, expected, story);
      return answer;
    } catch (error) {
      if (!step.eventually || attempt === attempts) throw error;
      await new Promise((resume) => setTimeout(resume, pause));
    }
  }
}

/** The row must hold, and must still be needed. */
function judgeDifference(answer: Answer, expected: Expectation, difference: Difference, story: Story): void {
  judge(answer, difference.expect, story);
  try {
    judge(answer, expected, story);
  } catch {
    return;
  }
  throw new Error("this is answered as everywhere else: take the case out of its row in differences.ts");
}
