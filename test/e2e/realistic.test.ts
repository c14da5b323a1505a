/**
 * Releases by the real CLI against a local cloud that is as slow as AWS, on the real clock, while somebody uses the
 * app.
 */
// @module-tag check
import { describe, expect, it } from "vitest";
import { appFolder, says, write } from "./app.ts";
import { run, start } from "./portico.ts";

const app = appFolder("realistic");
const released = /(http:\/\/127\.0\.0\.1:\d+)\/ /;
const paths = ["/", "/deep/er"];

/** What both routes answer, each as `STATUS body`. */
const ask = (url: string): Promise<string[]> =>
  Promise.all(
    paths.map(async (path) => {
      const response = await fetch(url + path);
      return `${response.status} ${await response.text()}`;
    }),
  );

/** Asks until sixty answers in a row are `word` on both routes; gives all answers on the way. */
async function untilOnly(url: string, word: string): Promise<Set<string>> {
  const seen = new Set<string>();
  let row = 0;
  while (row < 60) {
    const answers = await ask(url);
    for (const answer of answers) seen.add(answer);
    row = answers.every((answer) => answer === `200 ${word}`) ? row + 1 : 0;
  }
  return seen;
}

/** Goes on asking while `command` runs; gives all answers, and fails unless the command worked. */
async function whileRunning(
  url: string,
  command: Promise<{ readonly code: number | null; readonly stderr: string }>,
): Promise<Set<string>> {
  const seen = new Set<string>();
  let isOver = false;
  const done = command.finally(() => (isOver = true));
  while (!isOver) for (const answer of await ask(url)) seen.add(answer);
  expect(await done).toMatchObject({ code: 0, stderr: "" });
  return seen;
}

describe("against a cloud that is as slow as AWS", () => {
  it("a release and a rollback cause no error, and in the end only one release answers", async () => {
    const root = await app("slow", { "functions/index.ts": says("one"), "functions/deep/[id].ts": says("one") });
    const cloud = start(["cloud", "--realistic", "--port", "0"], root);
    await cloud.until(/http:\/\/127\.0\.0\.1:\d+/);
    const first = await run(["deploy", "--stage", "local", "--yes"], root);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    const [, url = ""] = released.exec(first.stdout) ?? [];
    await untilOnly(url, "one");

    for (const file of ["functions/index.ts", "functions/deep/[id].ts"]) await write(root, file, says("two"));
    const during = await whileRunning(url, run(["deploy", "--stage", "local", "--yes"], root));
    const after = await untilOnly(url, "two");
    expect([...during, ...after].filter((answer) => !/^200 (?:one|two)$/.test(answer))).toEqual([]);

    const back = await whileRunning(url, run(["rollback", "--stage", "local", "--yes"], root));
    const end = await untilOnly(url, "one");
    expect([...back, ...end].filter((answer) => !/^200 (?:one|two)$/.test(answer))).toEqual([]);
    await cloud.stop();
  });
});
