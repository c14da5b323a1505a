/** Requests an app without a pause during a command, and collects the different answers. */
import type { Sample } from "./row.ts";
import type { Answers, Outcome, World } from "./world.ts";

/** Code and settings say which release they are of: an answer in which they differ is of two. */
const marked = (mark: string, extra: Readonly<Record<string, string>> = {}): Sample => {
  const route =
    "export const GET = (_: Request, { env }: { env: { MARK: string } }) =>\n" +
    `  new Response("${mark} " + env.MARK);\n`;
  const files = {
    "functions/index.ts": route,
    "functions/users/[id].ts": route,
    "functions/_public/style.css": `/* ${mark} */`,
    ...extra,
  };
  return { files, env: { MARK: mark }, allowed: [mark] };
};

/** Releases that follow each other; the second has a route more. */
export const apps = {
  one: marked("one"),
  two: marked("two", { "functions/added.ts": 'export const GET = () => new Response("added");\n' }),
  three: marked("three"),
  four: marked("four"),
};
/** What is asked without a pause. */
export const paths = ["/", "/users/7", "/added", "/style.css", "/none"] as const;

/** Asks while something is done and until its window is over; gives each different answer that was seen, by path. */
export async function probed(world: World, work: () => Promise<Outcome>, propagation: number) {
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
