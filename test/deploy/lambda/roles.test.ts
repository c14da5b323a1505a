/** Roles by need: who gets which, what plans say of them, when they come and go, and the one role of earlier days. */
// @module-tag check
import {
  CreateRoleCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { GetFunctionCommand } from "@aws-sdk/client-lambda";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { functionName, recordKey } from "../../../deploy/lambda/names.ts";
import { readRecord } from "../../../deploy/record.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import { switchRelease } from "../../../deploy/switch.ts";
import type { App, IamStatement } from "../../../framework/model/app.ts";
import { isWrite, openDeployFixture, page, place, type DeployFixture, type DeployOptions } from "./deploy-fixture.ts";

let fixture: DeployFixture;
beforeEach(async () => {
  fixture = await openDeployFixture();
});
afterEach(() => fixture.close());

const owner = { app: "road", stage: "local" };
const may = (word: string): IamStatement => ({
  Effect: "Allow",
  Action: "s3:GetObject",
  Resource: `arn:aws:s3:::${word}/*`,
});
const lambda = { architecture: "arm64", logRetention: 30, policies: [] } as const;
/** Only `/users/*` may read reports. */
const perRoute: Partial<App> = { routes: [{ pattern: "/users/*", settings: { policies: [may("reports")] } }] };

const roles = async (): Promise<readonly string[]> =>
  ((await fixture.clients.iam.send(new ListRolesCommand({}))).Roles ?? []).map(({ RoleName = "" }) => RoleName);
async function policyOf(id: string): Promise<string> {
  const found = await fixture.clients.lambda.send(new GetFunctionCommand({ FunctionName: functionName(owner, id) }));
  const RoleName = found.Configuration?.Role?.split("/").at(-1);
  const inline = await fixture.clients.iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "portico" }));
  return decodeURIComponent(inline.PolicyDocument ?? "");
}
async function rollBack(): Promise<readonly string[]> {
  let stays: readonly string[] = [];
  await switchRelease({
    platform: await fixture.platform({}, false),
    command: "rollback",
    smoke: [],
    onSwitch: async (change) => {
      stays = change.stays;
    },
  });
  return stays;
}

test("functions of equal needs have one role, and only the routes that a policy names may what it says", async () => {
  const { text } = await fixture.deploy({ app: perRoute });
  expect(text.match(/^\+ role +road--local--\w{9} +new$/gm)).toHaveLength(2);
  expect(text).toMatch(/^! permission.* may logs:.* and s3:GetObject on arn:aws:s3:::reports\/\*$/m);
  expect(await roles()).toHaveLength(2);
  expect(await policyOf("users-id")).toContain("reports");
  expect(await policyOf("index")).not.toContain("reports");
  expect(await policyOf("assets")).not.toContain("reports");
  const [name] = await roles();
  const { Role } = await fixture.clients.iam.send(new GetRoleCommand({ RoleName: name }));
  expect(Role?.Path).toBe(`/portico/${place.region}/road--local/`);
  expect(Role?.Tags).toContainEqual({ Key: "portico:app", Value: "road" });
  fixture.takeCalls();
  expect((await fixture.deploy({ app: perRoute })).changed).toBe(false);
  expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
});

test("another policy is another role; the plan says what is new, and a rollback brings the old one back", async () => {
  await fixture.deploy({ app: { lambda: { ...lambda, policies: [may("a")] } } });
  const [first = ""] = await roles();
  const wider = await fixture.deploy({ app: { lambda: { ...lambda, policies: [may("a"), may("b")] } } });
  expect(wider.text).toMatch(/^! permission +role road--local--\w{9} +may s3:GetObject on arn:aws:s3:::b\/\*$/m);
  expect(wider.text).toMatch(new RegExp(`^= role +${first} +not used any more; kept for earlier releases$`, "m"));
  const narrower = await fixture.deploy();
  expect(narrower.text).toMatch(/^~ permission +role road--local--\w{9} +may no longer s3:.*a\/\* and s3:.*b\/\*$/m);
  fixture.takeCalls();
  expect(await rollBack()).not.toContainEqual(expect.stringContaining("role"));
  expect(fixture.takeCalls().filter((call) => isWrite(call) && call.body.includes("Role"))).toEqual([]);
  expect(await roles()).toHaveLength(3);
});

test("an extension's policies are for functions that import it, and one that grows is told by its name", async () => {
  const folder = "node_modules/portico-blobs";
  const withBlobs = (...words: readonly string[]): DeployOptions => ({
    app: { extensions: [{ name: "portico-blobs", folder, settings: {}, policies: words.map(may) }] },
  });
  await fixture.write(`${folder}/package.json`, `{ "name": "portico-blobs", "type": "module", "main": "index.js" }`);
  await fixture.write(`${folder}/index.js`, `export const url = "https://blobs.test/";`);
  const text = `import { url } from "portico-blobs";\nexport const GET = () => new Response(url);\n`;
  await fixture.write("functions/users/[id].ts", text);
  const first = await fixture.deploy(withBlobs("blobs"));
  expect(first.text).toMatch(/^! permission.* may logs:.*; for portico-blobs it may s3:.*blobs\/\*$/m);
  expect(await policyOf("users-id")).toContain("blobs");
  expect(await policyOf("index")).not.toContain("blobs");
  const grown = await fixture.deploy(withBlobs("blobs", "more"));
  expect(grown.text).toMatch(/^! permission +role road--local--\w{9} +for portico-blobs it may s3:[^;]*more\/\*$/m);
  expect((await fixture.deploy(withBlobs("blobs", "more"))).changed).toBe(false);
});

test("a role goes with the last kept release that uses it", async () => {
  await fixture.deploy({ app: perRoute });
  for (const word of ["b", "c", "d"]) {
    expect(await roles()).toHaveLength(2);
    await fixture.write("functions/index.ts", page(word));
    await fixture.deploy();
  }
  expect(await roles()).toHaveLength(1);
  await removeStage({ platform: await fixture.platform({}, false), withData: true, onPlan: async () => undefined });
  expect(await roles()).toEqual([]);
});

test("a role that is not complete, or that somebody changed, is completed", async () => {
  await fixture.deploy();
  const [RoleName = ""] = await roles();
  const policy = { RoleName, PolicyName: "portico" };
  await fixture.clients.iam.send(new DeleteRolePolicyCommand(policy));
  expect((await fixture.deploy()).text).toMatch(/^[!~] permission/m);
  expect(await policyOf("index")).toContain("logs:PutLogEvents");
  const wide = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] });
  await fixture.clients.iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument: wide }));
  await fixture.deploy();
  expect(await policyOf("index")).not.toContain(`"*"`);
  expect((await fixture.deploy()).changed).toBe(false);
});

const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
});

/** A role of this name, tagged as ours. */
async function makeRole(RoleName: string): Promise<string> {
  const Tags = [
    { Key: "portico:app", Value: owner.app },
    { Key: "portico:stage", Value: owner.stage },
  ];
  const { Role } = await fixture.clients.iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust, Tags }),
  );
  return Role?.Arn ?? "";
}

test('the role that "role" names is all functions\' role, and the plan says what it has to allow', async () => {
  const arn = await makeRole("mine");
  const app = { ...perRoute, lambda: { ...lambda, role: arn } };
  const { text } = await fixture.deploy({ app });
  expect(text).toMatch(/^= role +arn:\S+\/mine +unchanged; it is yours, and must allow logs:.*reports/m);
  expect(await roles()).toEqual(["mine"]);
  fixture.takeCalls();
  expect((await fixture.deploy({ app })).changed).toBe(false);
  await fixture.deploy();
  await removeStage({ platform: await fixture.platform({}, false), withData: true, onPlan: async () => undefined });
  expect(await roles()).toEqual(["mine"]);
});

/** The record as Porticos wrote it whose stages had one role for all releases. */
async function makeLegacy(number: number): Promise<void> {
  const Bucket = `portico-${place.account}-${place.region}`;
  const Key = recordKey(owner, number);
  const { Body } = await fixture.clients.s3.send(new GetObjectCommand({ Bucket, Key }));
  const { roles: _, ...record } = readRecord((await Body?.transformToString()) ?? "", Key);
  const parts = Object.entries(record.parts).filter(([name]) => !name.startsWith("role "));
  const legacy = {
    ...record,
    functions: record.functions.map((fn) => ({ ...fn, facts: fn.facts.filter(({ label }) => label !== "role") })),
    parts: Object.fromEntries([...parts, ["role road--local", "t"], ["permission role road--local", "p"]]),
  };
  await fixture.clients.s3.send(new PutObjectCommand({ Bucket, Key, Body: JSON.stringify(legacy) }));
}

test("a stage with one role for all goes on; that role goes with the last kept release that uses it", async () => {
  const arn = await makeRole("road--local");
  await fixture.deploy({ app: { lambda: { ...lambda, role: arn } } });
  await makeLegacy(1);
  const second = await fixture.deploy();
  expect(second.text).toMatch(/^\+ role +road--local--\w{9}/m);
  expect(second.text).toMatch(/^= role +road--local +not used any more; kept for earlier releases$/m);
  expect(second.text).toMatch(/~ function +users-id.*role road--local--\w{9}/);
  expect(await (await fetch(second.live.url)).text()).toBe("home");
  expect(await rollBack()).toEqual([]);
  expect(await (await fetch(second.live.url)).text()).toBe("home");
  for (const word of ["b", "c"]) {
    expect(await roles()).toContain("road--local");
    await fixture.write("functions/index.ts", page(word));
    await fixture.deploy();
  }
  expect(await roles()).toEqual([expect.stringMatching(/^road--local--\w{9}$/)]);
});

test("--only gives a role to one function, and leaves the others theirs", async () => {
  await fixture.deploy();
  await fixture.write("functions/users/[id].ts", page("someone"));
  const options: DeployOptions = { app: perRoute, only: "/users/:id" };
  await fixture.deploy(options);
  expect([await policyOf("users-id"), await policyOf("index")]).toEqual([
    expect.stringContaining("reports"),
    expect.not.stringContaining("reports"),
  ]);
  expect((await fixture.deploy(options)).changed).toBe(false);
  expect(await roles()).toHaveLength(2);
});
