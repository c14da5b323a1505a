/** `portico invoke`: the request that it sends, the response that it prints, and the server that it sends it to. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { appFolder, says } from "../../e2e/app.ts";
import { repository, run, start } from "../../e2e/portico.ts";

const app = appFolder("invoke");

it("says how to start a server when nothing listens on the port", async () => {
  const { code, stderr } = await run(["invoke", "/", "--port", "1"], repository);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error NO_ANSWER: .*\nfix: .*portico dev.*\n$/);
});

it("warns when another app's server listens on the port", async () => {
  const here = await app("here", { "functions/index.ts": says("hi") });
  const other = await app("other", { "index.html": "other" });
  const around = join(other, "..");
  const dev = start(["dev", "--port", "0"], other);
  const port = /127\.0\.0\.1:(\d+)/.exec((await dev.until(/127\.0\.0\.1:\d+/))[0])![1]!;
  const answers = await Promise.all([here, other, around].map((cwd) => run(["invoke", "/", "--port", port], cwd)));
  await dev.stop();
  for (const { code, stdout } of answers) expect([code, stdout]).toEqual([0, expect.stringMatching(/200 OK[^]*other/)]);
  expect(answers.map(({ stderr }) => stderr)).toEqual([
    expect.stringMatching(`^warning port ${port} is that of portico dev of .*other\n$`),
    "",
    "",
  ]);
  expect(dev.output().match(/"GET /g)).toHaveLength(3);
});

it("sends method, raw path, headers and body, and prints the response; 5xx is exit code 1", async () => {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk));
    request.on("end", () => {
      response.statusCode = request.url === "/bad" ? 503 : 201;
      response.setHeader("set-cookie", ["a=1", "b=2"]);
      response.end(
        JSON.stringify({
          method: request.method,
          url: request.url,
          tag: request.headers["x-tag"],
          type: request.headers["content-type"],
          body,
        }),
      );
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const text = await run(
    ["invoke", "put", "/a/../b%2F", "--url", url, "-H", "X-Tag: one", "-d", '{"a":1}'],
    repository,
  );
  expect(text.code).toBe(0);
  expect(text.stdout).toContain("201 Created");
  expect(text.stdout).toContain("set-cookie: a=1\nset-cookie: b=2\n");
  expect(text.stdout).toContain(
    '{"method":"PUT","url":"/a/../b%2F","tag":"one","type":"application/json","body":"{\\"a\\":1}"}',
  );
  const json = await run(["invoke", "POST", "/bad", "-d", "@-", "--url", url, "--json"], repository, {
    stdin: "a=1",
  });
  expect(json.code).toBe(1);
  const answer = JSON.parse(json.stdout) as { status: number; body: string; milliseconds: number };
  expect(answer.status).toBe(503);
  expect(JSON.parse(answer.body)).toMatchObject({ type: "application/x-www-form-urlencoded", body: "a=1" });
  server.close();
});

it.each([
  [["invoke", "path"], "USAGE"],
  [["invoke", "/", "-H", "no header"], "USAGE"],
  [["invoke", "/", "--url", "ftp://x"], "BAD_URL"],
  [["invoke", "POST", "/", "-d", "@/no/such/file"], "FILE_MISSING"],
])("refuses %j", async (args, code) => {
  const finished = await run(args, repository);
  expect(finished.code).toBe(1);
  expect(finished.stderr).toMatch(new RegExp(`^error ${code}: .*\nfix: .*\n$`));
});
