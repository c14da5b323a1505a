/** Traffic never notices: several routes are asked without a pause while releases come, fail, go back and are collected. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomOf } from "../../../framework/local/cloud/fault-rules.ts";
import { rows } from "./rows.ts";
import { buildAll, type Builds, type Sample } from "./samples.ts";
import { type Answers, type Command, openWorld, type Outcome, type World } from "./world.ts";

/** Code and settings say which release they are of: an answer in which they differ is of two. */
const marked = (mark: string, extra: Readonly<Record<string, string>> = {}): Sample => {
  const route = `export const GET = (_: Request, { env }: { env: { MARK: string } }) => new Response("${mark} " + env.MARK);\n`;
  const files = { "functions/index.ts": route, "functions/users/[id].ts": route, "functions/_public/style.css": `/* ${mark} */`, ...extra };
  return { files, env: { MARK: mark }, allowed: [mark] };
};

const apps = {
  one: marked("one"),
  two: marked("two", { "functions/added.ts": 'export const GET = () => new Response("added");\n' }),
  three: marked("three"),
  four: marked("four"),
};
const paths = ["/", "/users/7", "/added", "/style.css", "/none"] as const;

describe.each(rows)("$name", (row) => {
  let built: Builds<keyof typeof apps>;
  beforeAll(async () => {
    built = await buildAll(row, apps);
  });
  afterAll(() => built.close());

  test("each answer comes from one release, no change causes an error, and then only the new one answers", async () => {
    const random = randomOf(Number(process.env["PORTICO_SEED"]));
    const propagation = Math.floor(random() * 2000);
    const world = await openWorld(row, { propagation });
    const { one, two, three, four } = built.builds;
    const deploy = (build: typeof one, smoke = [{ path: "/", status: 200 }]): Command => ({ verb: "deploy", build, smoke });
    try {
      await world.run(deploy(one));
      await world.pass(propagation);
      const steps: readonly (readonly [Command, string])[] = [
        [deploy(two), "done"],
        [deploy(three, [{ path: "/", status: 418 }]), "SMOKE_FAILED"],
        [deploy(three), "done"],
        [{ verb: "rollback", number: 1 }, "done"],
        // What was live is not among the three that are kept: it must not be gone before its last request.
        [deploy(four), "done"],
      ];
      for (const [command, end] of steps) {
        const before = await world.ask(paths);
        const { outcome, seen } = await probed(world, () => world.run(command), propagation);
        expect(outcome.end, String(outcome.error)).toBe(end);
        const after = await world.ask(paths);
        for (const [path, answers] of seen) {
          const known = [before[path], after[path]];
          expect(
            [...answers].filter((answer) => !known.includes(answer)),
            `${command.verb} ${path} within ${propagation} ms`,
          ).toEqual([]);
        }
        // Every node has seen it.
        for (let times = 0; times < 10; times++) expect(await world.ask(paths)).toEqual(after);
      }
    } finally {
      await world.close();
    }
  });
});

/** Asks while something is done and until its window is over; gives each different answer that was seen, by path. */
async function probed(world: World, work: () => Promise<Outcome>, propagation: number) {
  const seen = new Map<string, Set<string>>(paths.map((path) => [path, new Set()]));
  let isOver = false;
  const prober = (async (): Promise<void> => {
    while (!isOver) note(seen, await world.ask(paths));
  })();
  const outcome = await work();
  for (let part = 0; part < 8; part++) {
    note(seen, await world.ask(paths));
    await world.pass(Math.ceil(propagation / 8));
  }
  isOver = true;
  await prober;
  return { outcome, seen };
}

function note(seen: ReadonlyMap<string, Set<string>>, answers: Answers): void {
  for (const [path, answer] of Object.entries(answers)) seen.get(path)?.add(answer);
}
