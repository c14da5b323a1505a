/** The commands of an app's life, run one after the other in one world, with the cloud's state after each. */
import { expect } from "vitest";
import { type Build, type CloudState, isWrite } from "./row.ts";
import { paths, type samples } from "./sample-apps.ts";
import { type Answers, type Command, type Outcome, type World } from "./world.ts";

type All = Readonly<Record<keyof typeof samples, Build>>;

/** A command, and whether the app answers after it. */
interface Step {
  readonly name: string;
  readonly command: (builds: All) => Command;
}

export const steps: readonly Step[] = [
  { name: "a first deploy", command: ({ A }) => ({ verb: "deploy", build: A }) },
  { name: "an update", command: ({ B }) => ({ verb: "deploy", build: B }) },
  { name: "a removal of a route", command: ({ C }) => ({ verb: "deploy", build: C }) },
  { name: "a rollback", command: () => ({ verb: "rollback", number: 1 }) },
  { name: "remove", command: () => ({ verb: "remove" }) },
];

/** What a chain came to. */
export interface Chain {
  readonly steps: readonly {
    readonly calls: number;
    /** The call among them that takes the lease, from 1. */
    readonly locking: number;
    readonly state: CloudState;
    /** Empty after the last. */
    readonly answers: Answers;
  }[];
}

/** @param run how a command is run; its outcome's calls are counted. As it is when absent */
export async function runChain(
  world: World,
  builds: All,
  run: (command: Command, at: number) => Promise<Outcome> = (command) => world.run(command),
): Promise<Chain> {
  const ran: Chain["steps"][number][] = [];
  for (const [at, { name, command }] of steps.entries()) {
    const wanted = command(builds);
    const { end, error, calls } = await run(wanted, at);
    expect(["done", "nothing", "died"], `${name}: ${String((error as Error | undefined)?.stack)}`).toContain(end);
    const answers = wanted.verb === "remove" ? {} : await whenSettled(world, paths);
    expect((await world.orphans()).join("; "), name).toBe("");
    ran.push({ calls: calls.length, locking: calls.findIndex(isWrite) + 1, state: await world.state(), answers });
    expect(answers, name).toEqual(wanted.verb === "remove" ? {} : wordsOf(at));
  }
  return { steps: ran };
}

/** What is answered after each step: the samples say which they are. */
function wordsOf(at: number): Answers {
  const word = ["A", "B", "A", "A"][at]!;
  const hasOld = at !== 2;
  return {
    "/": `200 ${word}`,
    "/old": hasOld ? `200 old ${word}` : expect.stringMatching(/^404 /),
    "/same": "200 same",
    "/style.css": expect.stringMatching(/^200 /),
    "/none": expect.stringMatching(/^404 /),
  };
}

/**
 * Asks until ten rounds were answered alike, for a minute at most. @param wanted what they must be, when it is known
 */
export async function whenSettled(world: World, asked: readonly string[], wanted?: Answers): Promise<Answers> {
  let last: Answers = {};
  let alike = 0;
  for (let round = 0; round < 120 && alike < 10; round++) {
    const now = await world.ask(asked);
    const isAlike = JSON.stringify(now) === JSON.stringify(wanted ?? last);
    alike = isAlike ? alike + 1 : 0;
    last = now;
    if (!isAlike) await world.pass(500);
  }
  if (wanted) expect(last).toEqual(wanted);
  expect(alike, `the answers did not settle: ${JSON.stringify(last)}`).toBe(10);
  return last;
}
