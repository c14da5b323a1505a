/** The least code that calls DynamoDB: one signed request over a kept connection, without checks or repetitions. */
import { createHash, createHmac } from "node:crypto";
import { Agent, request } from "node:http";

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** Calls operations with the credentials and the endpoint of a function's variables. */
export function rawDynamo(env: Readonly<Record<string, string>>) {
  const endpoint = new URL(env["AWS_ENDPOINT_URL_DYNAMODB"]!);
  const agent = new Agent({ keepAlive: true });
  const send = (operation: string, body: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const headers = signed(env, endpoint.host, `DynamoDB_20120810.${operation}`, body);
      const sent = request(endpoint, { method: "POST", agent, headers }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (part: string) => (text += part));
        answer.on("end", () => (answer.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(text))));
      });
      sent.on("error", reject).end(body);
    });
  return {
    call: (operation: string, input: object): Promise<unknown> => send(operation, JSON.stringify(input)),
    close: () => agent.destroy(),
  };
}

/** Signature Version 4 for one kind of call (docs.aws.amazon.com/IAM, "Create a signed AWS API request"). */
function signed(env: Readonly<Record<string, string>>, host: string, target: string, body: string) {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const token = env["AWS_SESSION_TOKEN"]!;
  const scope = `${date.slice(0, 8)}/${env["AWS_REGION"]}/dynamodb/aws4_request`;
  const names = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target";
  const type = "application/x-amz-json-1.0";
  const lines = [type, host, date, token, target].map((value, index) => `${names.split(";")[index]}:${value}\n`);
  const canonical = `POST\n/\n\n${lines.join("")}\n${names}\n${sha256(body)}`;
  const key = scope.split("/").reduce<string | Buffer>(hmac, `AWS4${env["AWS_SECRET_ACCESS_KEY"]}`);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`).toString("hex");
  const credential = `${env["AWS_ACCESS_KEY_ID"]}/${scope}`;
  return {
    "content-type": type,
    "x-amz-date": date,
    "x-amz-security-token": token,
    "x-amz-target": target,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
  };
}
