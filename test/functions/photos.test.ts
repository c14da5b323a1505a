/** The reference app's photos: too many forms of one visitor. */
import { expect, test } from "vitest";
import { testApp } from "portico/testing";

test("a visitor who asked for too many forms still sees the photos, and when there is another form", async () => {
  await using app = await testApp();
  const visitor = app.client();
  for (let count = 0; count < 10; count++) {
    const page = await visitor.fetch("/photos");
    expect(page.status).toBe(200);
    expect(await page.text()).toMatch(/<form class="upload".*src="\/photos\.js"/s);
  }
  const refused = await visitor.fetch("/photos");
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(30);
  const text = await refused.text();
  expect(text).toMatch(/<p class="problem" role="alert">\s*That is a lot of photos\. Please wait for \d+ seconds\./);
  expect(text).toContain("No photos yet.");
  expect(text).not.toMatch(/<form|photos\.js/);
});
