/** Tests of HTML responses, of `html` and of templates: whatever form init has, its status and headers are there. */
import { expect, test } from "vitest";
import { page } from "../../framework/features/templates/runtime.ts";
import { html } from "../../framework/runtime/responses.ts";

const template = page(() => "<p>", {});
const makers: readonly (readonly [name: string, make: (init?: ResponseInit) => Response])[] = [
  ["html", (init) => html("<p>", init)],
  ["a template", (init) => template({}, init)],
];

test.each(makers)("%s is HTML of the status and headers of a record, and of a Response", async (_, make) => {
  const headers = { "x-a": "1", "content-type": "application/json" };
  for (const init of [
    { status: 429, statusText: "Slow", headers },
    new Response("{}", { status: 429, statusText: "Slow", headers }),
    Response.json({}, { status: 429, statusText: "Slow", headers: { "x-a": "1" } }),
  ]) {
    const response = make(init);
    expect([response.status, response.statusText, response.headers.get("x-a")]).toEqual([429, "Slow", "1"]);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await response.text()).toBe("<p>");
  }
  expect([make().status, make({}).headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
});
