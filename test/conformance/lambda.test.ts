/** Runs the conformance list on the Lambda emulation, and tests that several environments answer. */
import { expect, test } from "vitest";
import { textOf } from "./case.ts";
import { conformance } from "./conformance.ts";
import { lambda } from "./runtimes/lambda.ts";

conformance(lambda, (servers) => {
  test("20 requests at once are answered by several environments", async () => {
    const [server] = servers.fixture;
    if (!server) throw new Error("no server runs");
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.send({ target: "/environment" })));
    const names = answers.map((answer) => (JSON.parse(textOf(answer)) as { name: string }).name);
    expect(new Set(names).size).toBeGreaterThan(1);
  });
});
