/**
 * Invokes the Lambda function module in its first argument with a GET of the path in its second, and prints the body.
 */
import { pathToFileURL } from "node:url";

const [file = "", path = ""] = process.argv.slice(2);
const { handler } = await import(pathToFileURL(file).href);
const http = { method: "GET", path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "test" };
const event = {
  version: "2.0",
  routeKey: `ANY ${path}`,
  rawPath: path,
  rawQueryString: "",
  headers: { host: "example.com", accept: "*/*" },
  requestContext: {
    accountId: "1",
    apiId: "1",
    domainName: "example.com",
    http,
    requestId: "1",
    routeKey: `ANY ${path}`,
    stage: "$default",
  },
  isBase64Encoded: false,
};
const { body, isBase64Encoded } = await handler(event, { awsRequestId: "1", getRemainingTimeInMillis: () => 10_000 });
const answer = isBase64Encoded ? Buffer.from(body, "base64").toString() : body;
// A driver may keep the process alive, as it may on Lambda.
// oxlint-disable-next-line unicorn/no-process-exit
process.stdout.write(answer, () => process.exit(0));
