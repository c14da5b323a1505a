/** A client that is not ours and not the SDK's: AWS's command line (Debian's `awscli`), through a function's whole life and the other services. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createLambdaRuntime } from "../../../framework/local/lambda/runtime.ts";
import type { LambdaRuntime } from "../../../framework/local/lambda/outcome.ts";
import { type Lab, moduleZip, openLab, roleArn, trust } from "./lab.ts";

/** Debian's own, not one that pip or pyenv brought. */
const program = "/usr/bin/aws";
const run = promisify(execFile);

let runtime: LambdaRuntime;
let lab: Lab;
beforeAll(async () => {
  runtime = createLambdaRuntime({ onLog: () => {} });
  lab = await openLab({ runtime });
});
afterAll(async () => {
  await lab.close();
  await runtime.close();
});

/** Its answer; a refusal is thrown with what it printed. */
async function aws(...words: readonly string[]): Promise<Record<string, unknown>> {
  const { url, region, accessKeyId, secretAccessKey } = lab.cloud;
  const env = {
    PATH: "/usr/bin:/bin",
    HOME: lab.folder,
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: region,
    AWS_MAX_ATTEMPTS: "1",
  };
  const { stdout } = await run(program, ["--endpoint-url", url, "--no-cli-pager", "--output", "json", ...words], { env });
  return (stdout.trim() ? JSON.parse(stdout) : {}) as Record<string, unknown>;
}

const refusalOf = (...words: readonly string[]): Promise<string> =>
  aws(...words).then(
    () => "",
    (error: { stderr?: string }) => error.stderr ?? "",
  );

it("takes a function from its creation to its end", { tags: ["programs"], timeout: 240_000 }, async () => {
  const zip = join(lab.folder, "cli.zip");
  const name = ["--function-name", "cli"];
  const source = (word: string) =>
    moduleZip(`export const handler = async (event) => (console.log(event.say), { word: ${JSON.stringify(word)}, event });`);
  writeFileSync(zip, source("one"));
  const own = ["--runtime", "nodejs24.x", "--handler", "index.handler", "--role", roleArn, "--architectures", "arm64"];
  expect(await aws("lambda", "create-function", ...name, ...own, "--zip-file", `fileb://${zip}`)).toMatchObject({ Version: "$LATEST" });
  await aws("lambda", "wait", "function-active-v2", ...name);
  expect(await aws("lambda", "publish-version", ...name, "--description", "first")).toMatchObject({ Version: "1", Description: "first" });
  expect(await aws("lambda", "create-alias", ...name, "--name", "live", "--function-version", "1")).toMatchObject({ FunctionVersion: "1" });
  writeFileSync(zip, source("two"));
  await aws("lambda", "update-function-code", ...name, "--zip-file", `fileb://${zip}`, "--publish");
  await aws("lambda", "wait", "function-updated-v2", ...name);
  const out = join(lab.folder, "out.json");
  const payload = ["--cli-binary-format", "raw-in-base64-out", "--payload", '{"say":"안녕"}', "--log-type", "Tail"];
  const invoked = await aws("lambda", "invoke", ...name, "--qualifier", "live", ...payload, out);
  expect(invoked).toMatchObject({ StatusCode: 200, ExecutedVersion: "1" });
  expect(Buffer.from(String(invoked["LogResult"]), "base64").toString()).toContain("안녕");
  expect(JSON.parse(readFileSync(out, "utf8"))).toEqual({ word: "one", event: { say: "안녕" } });
  expect(await aws("lambda", "list-functions")).toMatchObject({ Functions: [{ FunctionName: "cli" }] });
  expect(await aws("lambda", "list-versions-by-function", ...name, "--max-items", "2")).toMatchObject({
    Versions: [{ Version: "$LATEST" }, { Version: "1" }],
    NextToken: expect.any(String),
  });
  expect(await refusalOf("lambda", "delete-function", ...name, "--qualifier", "1")).toContain("ResourceConflictException");
  await aws("lambda", "delete-alias", ...name, "--name", "live");
  await aws("lambda", "delete-function", ...name);
  expect(await refusalOf("lambda", "get-function", ...name)).toContain("(ResourceNotFoundException)");
});

it("is understood by the other services", { tags: ["programs"], timeout: 240_000 }, async () => {
  expect(await aws("sts", "get-caller-identity")).toMatchObject({ Account: "000000000000" });
  await aws("iam", "create-role", "--role-name", "cli", "--assume-role-policy-document", trust);
  await aws("iam", "delete-role", "--role-name", "cli");
  await aws("s3api", "create-bucket", "--bucket", "cli");
  const file = join(lab.folder, "file.txt");
  writeFileSync(file, "a file");
  await aws("s3", "cp", "--quiet", file, "s3://cli/deep/파일.txt");
  expect(await aws("s3api", "list-objects-v2", "--bucket", "cli")).toMatchObject({ Contents: [{ Key: "deep/파일.txt", Size: 6 }] });
  expect(await refusalOf("s3api", "delete-bucket", "--bucket", "cli")).toContain("BucketNotEmpty");
  await aws("ssm", "put-parameter", "--name", "/cli", "--type", "SecureString", "--value", "secret");
  expect(await aws("ssm", "get-parameter", "--name", "/cli", "--with-decryption")).toMatchObject({ Parameter: { Value: "secret" } });
  await aws("logs", "create-log-group", "--log-group-name", "/cli");
  expect(await aws("logs", "describe-log-groups")).toMatchObject({ logGroups: [{ logGroupName: "/cli" }] });
  const { ApiId } = await aws("apigatewayv2", "create-api", "--name", "cli", "--protocol-type", "HTTP");
  expect(await refusalOf("apigatewayv2", "create-deployment", "--api-id", String(ApiId))).toContain("BadRequestException");
});
