import assert from "node:assert/strict";
import { after, test } from "node:test";
import { testApp } from "portico/testing";

const app = await testApp();
after(() => app.close());

test("greets by name", async () => {
  const response = await app.fetch("/hello/Ada");
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "Hello, Ada!\n");
});
