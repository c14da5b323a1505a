/** Runs the files on S3 of the local AWS, with the account's own key. */
// @module-tag isolated
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, it } from "vitest";
import { files } from "../../../framework/features/files/lambda.ts";
import { createCall } from "../../../framework/node/testing.ts";
import { checks } from "../../conformance/files/app/functions/_lib/file-checks.ts";
import { type Lab, openLab } from "../../cloud/lab.ts";
import { cases } from "../../conformance/files/file-cases.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  await lab.s3.send(new CreateBucketCommand({ Bucket: "app--dev" }));
  Object.assign(process.env, {
    AWS_REGION: lab.cloud.region,
    AWS_ACCESS_KEY_ID: lab.cloud.accessKeyId,
    AWS_SECRET_ACCESS_KEY: lab.cloud.secretAccessKey,
    AWS_ENDPOINT_URL_S3: lab.cloud.url,
    PORTICO_FILES: "app--dev",
  });
});
afterAll(() => lab.close());

it.each(Object.keys(cases).filter((name) => name !== "forms"))("%s", async (name) => {
  const run = crypto.randomUUID();
  const open = Object.assign(
    (own?: string) => files(createCall(), own === undefined ? run : /^[a-z]+$/.test(own) ? `${run}.${own}` : own),
    { nameLength: run.length },
  );
  expect(JSON.parse(JSON.stringify(await checks[name]!(open, "")))).toEqual(cases[name]);
});
