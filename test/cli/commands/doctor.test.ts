/** `portico doctor`: its checks, the least policies, and a stage where a check fails. */
import { expect, it } from "vitest";
import { appFolder, says } from "../../e2e/app.ts";
import { run } from "../../e2e/portico.ts";

const app = appFolder("doctor");

it("prints each check, and the least policies with --policy", async () => {
  const root = await app("shop", {
    "functions/index.ts": says("hi"),
    "functions/photos.ts": `import { files } from "portico/files";
export const GET = async (_: Request, context: never) => new Response((await files(context, "a").get("k"))?.body);
`,
  });
  const checks = await run(["doctor", "--stage", "local", "--json"], root);
  const { findings } = JSON.parse(checks.stdout) as {
    readonly findings: readonly { readonly ok: boolean; readonly check: string; readonly text: string }[];
  };
  expect([checks.code, findings.length > 3, findings.every(({ ok }) => ok)]).toEqual([0, true, true]);
  const bucket = findings.find(({ check }) => check === "files")?.text;
  expect(bucket).toMatch(/^the bucket portico-shop--local-\w{9} comes with the first deploy$/);
  const policy = await run(["doctor", "--stage", "local", "--policy", "--json"], root);
  expect(JSON.parse(policy.stdout)).toMatchObject({
    deployer: {
      Version: "2012-10-17",
      Statement: expect.arrayContaining([
        expect.objectContaining({ Sid: "FilesBucket", Resource: `arn:aws:s3:::${bucket?.split(" ")[2]}` }),
      ]),
    },
    functions: [
      { functions: ["index", "assets"], policy: { Version: "2012-10-17" } },
      {
        functions: ["photos"],
        policy: {
          Statement: expect.arrayContaining([
            expect.objectContaining({
              Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
              Resource: `arn:aws:s3:::${bucket?.split(" ")[2]}/*`,
            }),
          ]),
        },
      },
    ],
  });
});

it("has no policies for a stage on Cloudflare", async () => {
  const root = await app("workers", {
    "hosting.json": JSON.stringify({ name: "shop", target: "workers" }),
    "functions/index.ts": says("hi"),
  });
  expect(await run(["doctor", "--stage", "local", "--policy"], root)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error DOCTOR_AWS: .*\nfix: .*Workers Scripts: Edit/),
  });
});
