/** Starts `portico cloud` for a test, and gives the variables with which clients of both clouds connect to it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Running, start } from "./portico.ts";

/** A local cloud that listens. */
export interface StartedCloud {
  readonly running: Running;
  /** Root URL of its control API. */
  readonly url: string;
  readonly port: number;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Variables with which AWS's SDK takes it for AWS, and reads nothing of this machine. */
  readonly aws: Readonly<Record<string, string>>;
  /** wrangler's variables, and ours. */
  readonly cloudflare: Readonly<Record<string, string>>;
}

/** Starts it on a free port. The test has to stop `running`. */
export async function startCloud(root: string, env: Readonly<Record<string, string>> = {}): Promise<StartedCloud> {
  const running = start(["cloud", "--port", "0"], root, { env });
  const [, url = "", port] = await running.until(/(http:\/\/127\.0\.0\.1:(\d+)) {2}is the local cloud/);
  const key = JSON.parse(await readFile(join(root, ".portico/cloud/key"), "utf8")) as Pick<
    StartedCloud,
    "accessKeyId" | "secretAccessKey"
  >;
  const { accessKeyId, secretAccessKey } = key;
  return {
    running,
    url,
    port: Number(port),
    accessKeyId,
    secretAccessKey,
    aws: {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    },
    cloudflare: { CLOUDFLARE_API_BASE_URL: `${url}/client/v4`, CLOUDFLARE_API_TOKEN: secretAccessKey },
  };
}
