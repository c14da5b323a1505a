/** `portico jobs`: the list with next runs, a run by hand, dead jobs, and jobs as `portico dev` runs them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openSqliteQueue } from "../../../framework/features/jobs/sqlite-queue.ts";
import { dataFolder } from "../../../framework/model/app.ts";
import { appFolder, write } from "../../e2e/app.ts";
import { startCloud } from "../../e2e/cloud.ts";
import { repository, run, start } from "../../e2e/portico.ts";

const app = appFolder("jobs");

const hosting = (jobs: object, target: string | readonly string[] = "node"): string =>
  JSON.stringify({ name: "app", target, jobs });

const job = (body: string): string =>
  `import type { Job } from "portico/jobs";\n` +
  `export default (async (data, { id, attempt, scheduled }) => {\n${body}\n}) satisfies Job<unknown>;\n`;

it("lists jobs with their next three runs, in their zone and in UTC", async () => {
  const root = await app("list", {
    "hosting.json": hosting({ digest: { cron: "0 9 1 1 *", zone: "Asia/Seoul" } }),
    "functions/_jobs/digest.ts": job(""),
    "functions/_jobs/mail.ts": job(""),
  });
  const year = new Date(Date.now() + 9 * 3_600_000).getUTCFullYear();
  const text = await run(["jobs"], root);
  expect(text).toMatchObject({ code: 0, stderr: "" });
  expect(text.stdout).toMatch(/^digest {2}0 9 1 1 \* Asia\/Seoul {2}0 waiting, 0 running, 0 dead$/m);
  expect(text.stdout).toMatch(/^ {2}\d{4}-01-01 09:00 Asia\/Seoul, \d{4}-01-01T00:00Z$/m);
  expect(text.stdout).toMatch(/^mail {2}no schedule {2}0 waiting, 0 running, 0 dead$/m);
  expect((await run(["jobs", "run", "mail", '{"to":"a"}'], root)).stdout).toMatch(/^sent mail \S+; it waits for/);
  // As a process does that is killed during a run.
  const killed = openSqliteQueue(join(root, dataFolder));
  expect(killed.claim(Date.now(), 1)).toHaveLength(1);
  killed.close();
  const { stdout: built } = await run(["build"], root);
  expect(built).toMatch(/^job digest {2}0 9 1 1 \* Asia\/Seoul {2}next \d{4}-01-01 09:00\njob mail$/m);
  expect(built).toMatch(/^node: 0 functions, 0 assets, 2 jobs →/m);
  const { jobs } = JSON.parse((await run(["jobs", "--json"], root)).stdout) as { readonly jobs: readonly object[] };
  expect(jobs).toMatchObject([
    {
      name: "digest",
      file: "functions/_jobs/digest.ts",
      cron: "0 9 1 1 *",
      zone: "Asia/Seoul",
      next: [1, 2, 3].map((ahead) => ({
        utc: `${year + ahead}-01-01T00:00Z`,
        local: `${year + ahead}-01-01 09:00`,
      })),
      waiting: 0,
      dead: 0,
    },
    { name: "mail", next: [], waiting: 1, running: 0, dead: 0 },
  ]);
});

it.each([
  [["jobs", "run", "digset"], /^error JOB_UNKNOWN: .*did you mean "digest"\?\nfix: Run portico jobs run digest$/m],
  [
    ["jobs", "run", "Ab/c"],
    /^error JOB_UNKNOWN: this app has no job Ab\/c\nfix: Run portico jobs for the list; .* lower/m,
  ],
  [["jobs", "run", "digest", "{team"], /^error JOB_DATA: .*\nfix: Write JSON/m],
  [["jobs", "run", "digest", "--at", "9:00"], /^error BAD_TIME: .*\nfix: .*2026-11-29T00:00Z/m],
  [["jobs", "run"], /^error USAGE: /m],
  [["jobs", "again"], /^error USAGE: .*\nfix: Run portico jobs, /m],
  [["jobs", "dead", "retry", "digest/none"], /^error JOB_NOT_DEAD: .*\nfix: Run portico jobs dead/m],
] as const)("refuses %j", async (words, message) => {
  const root = await app(`refused-${words.join("-").replaceAll(/\W/g, "")}`, {
    "hosting.json": hosting({}),
    "functions/_jobs/digest.ts": job(""),
  });
  const { code, stderr } = await run(words, root);
  expect(code).toBe(1);
  expect(stderr).toMatch(message);
});

const error = `Object.assign(new Error("no such team"), { code: "NO_TEAM" })`;

it.each([["node"], ["workers", "lambda"], ["lambda", "workers"]])(
  "runs jobs in dev on the first target, %s, and tells where an error is; an edit is live at once",
  { tags: ["check"] },
  async (...target) => {
    const root = await app(`dev-${target[0]}`, {
      "hosting.json": hosting({ digest: { retries: 0 } }, target),
      "functions/_jobs/digest.ts": job(`  throw ${error};`),
    });
    const running = start(["dev", "--port", "0"], root);
    await running.until(/Ctrl-C ends it/);
    expect((await run(["jobs", "run", "digest", '{"team":"a"}'], root)).stdout).toMatch(/^sent digest \S+\n$/);
    await running.until(
      /^job digest dead: .*attempt 1, \d+ ms, \S+\nError \[NO_TEAM\]: no such team\n {2}in \S+digest\.ts:3:23$/m,
    );
    expect(running.output()).toContain(`> 3 |   throw ${error};`);
    const [key = ""] = (await run(["jobs", "dead"], root)).stdout.split(" ");
    expect(key).toMatch(/^digest\//);

    await write(root, "functions/_jobs/digest.ts", job(`  console.log("edited", JSON.stringify(data), attempt);`));
    await running.until(/changed: _jobs-digest/);
    expect((await run(["jobs", "dead", "retry", key], root)).stdout).toBe(`sent ${key}\n`);
    await running.until(/edited \{"team":"a"\} 1/);
    await running.until(/^job digest done/m);
    expect((await run(["jobs", "dead"], root)).stdout).toBe("no job is dead\n");
    const [, other = "lambda"] = target;
    expect((await run(["jobs", "run", "digest", "--target", other], root)).stdout).toMatch(
      /; it waits for portico dev with this target; the one that runs here has another, which --target chooses$/m,
    );

    await write(root, "functions/_jobs/other.ts", job(`  console.log("other", id, scheduled?.toISOString());`));
    await write(root, "hosting.json", hosting({ other: { cron: "0 0 * * *" } }, target));
    await expect
      .poll(async () => (await run(["jobs", "run", "other", "--at", "2026-11-29T00:00:30Z", "--json"], root)).stdout)
      .toContain('"id":"other@2026-11-29T00:00Z","served":true');
    await running.until(/other other@2026-11-29T00:00Z 2026-11-29T00:00:00.000Z/);

    await write(root, "functions/_jobs/digest.ts", "export const digest = 1;\n");
    await running.until(/changed: _jobs-digest[\s\S]*changed: _jobs-digest/);
    await run(["jobs", "run", "digest"], root);
    await running.until(/error JOB_EXPORT: functions\/_jobs\/digest\.ts has no default export/);
    await write(root, "functions/_jobs/digest.ts", "export default { digest: 1 };\n");
    await running.until(/(?:changed: _jobs-digest[\s\S]*){3}/);
    await run(["jobs", "run", "digest"], root);
    await running.until(/TypeError: the default export of the job digest is no function/);
    expect(await running.stop()).toBe(0);
  },
);

it.each(["node", "workers", "lambda"])("the first example of docs/jobs.md works on %s", async (target) => {
  const page = await readFile(join(repository, "docs/jobs.md"), "utf8");
  const [digest = "", handler = "", hostingJson = ""] = [...page.matchAll(/^```(?:ts|json)\n(.*?)^```/gms)].map(
    ([, code = ""]) => code,
  );
  const root = await app(`docs-${target}`, {
    "hosting.json": hostingJson.replace("node", target),
    "functions/_jobs/digest.ts": digest,
    "functions/index.ts": handler,
  });
  const running = start(["dev", "--port", "0"], root);
  const [url] = await running.until(/http:\/\/127\.0\.0\.1:\d+/);
  await running.until(/^ {2}job digest {2}0 9 \* \* 1-5 Asia\/Seoul {2}next \d{4}-\d\d-\d\d 09:00$/m);
  const { id } = (await (await fetch(url, { method: "POST" })).json()) as { readonly id: string };
  await running.until(new RegExp(`digest for a ${id} 1`));
  expect(await running.stop()).toBe(0);
});

it("works on the queues and the dead jobs of a stage, on both clouds", { tags: ["check"] }, async () => {
  const settings = {
    name: "app",
    target: ["lambda", "workers"],
    state: "separate",
    jobs: { digest: { cron: "0 9 1 1 *", zone: "Asia/Seoul", retries: 0 } },
  };
  const root = await app("stage", {
    "hosting.json": JSON.stringify(settings),
    "functions/index.ts": "export const GET = () => new Response();\n",
    "functions/_jobs/digest.ts": job(`  throw new Error("no such team");`),
  });
  const { running } = await startCloud(root);
  expect(await run(["deploy", "--stage", "local", "--yes"], root)).toMatchObject({ code: 0 });
  // What this folder has by now is in no release.
  await write(root, "functions/_jobs/mail.ts", job(""));
  await write(root, "hosting.json", JSON.stringify({ ...settings, jobs: { mail: { cron: "0 0 1 1 *" } } }));
  for (const target of ["lambda", "workers"]) {
    const on = (...words: readonly string[]) => run(["jobs", ...words, "--stage", "local", "--target", target], root);
    const dead = async (): Promise<readonly { readonly key: string }[]> =>
      (JSON.parse((await on("dead", "--json")).stdout) as { readonly jobs: readonly { readonly key: string }[] }).jobs;
    const { stdout: list } = await on();
    expect(list).toMatch(/^schedules do not run: release 1 was made without a clock: .* does not name local/);
    expect(list).toMatch(/^digest {2}0 9 1 1 \* Asia\/Seoul {2}/m);
    expect(list).not.toContain("mail");
    expect((await on("run", "mail")).stderr).toMatch(
      /^error JOB_UNKNOWN: .*release 1 has no job mail\nfix: Run portico deploy --stage local first/m,
    );
    expect((await on("run", "digest", '{"team":"a"}')).stdout).toMatch(/^sent digest \S+\n$/);
    await expect.poll(dead, { timeout: 60_000 }).toHaveLength(1);
    const [{ key } = { key: "" }] = await dead();
    expect((await on("dead", "retry", key)).stdout).toBe(`sent ${key}\n`);
    await expect.poll(dead, { timeout: 60_000 }).toHaveLength(1);
    expect((await on("dead", "drop", key)).stdout).toBe(`dropped ${key}\n`);
    expect(await dead()).toEqual([]);
    const listed = JSON.parse((await on("--json")).stdout) as object;
    expect(listed).toMatchObject({ type: "jobs", total: { waiting: 0 }, jobs: [{ name: "digest", dead: 0 }] });
  }
  await running.stop();
  for (const target of ["lambda", "workers"]) {
    const words = ["jobs", "run", "digest", "--stage", "local", "--target", target];
    expect((await run(words, root)).stdout).toMatch(/it waits for the local cloud, .*; portico cloud starts it$/m);
    const listed = await run(["jobs", "--stage", "local", "--target", target], root);
    expect(listed.stdout).toMatch(/^of all jobs about 1 waiting/m);
  }
  const again = await startCloud(root);
  await again.running.until(/(?:job digest \S+ attempt \d+ .*no such team[\s\S]*){2}/);
});
