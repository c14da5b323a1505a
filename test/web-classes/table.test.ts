/** Runs the behaviour table on the platform's classes and on the lightweight ones. */
import { describe, expect, test } from "vitest";
import { LightHeaders } from "../../framework/web-classes/headers.ts";
import { LightRequest } from "../../framework/web-classes/request.ts";
import { LightResponse } from "../../framework/web-classes/response.ts";
import { outcome, plain, type Row, type Web } from "./table-row.ts";
import { bodies } from "./table/bodies.ts";
import { headers } from "./table/headers.ts";
import { requests } from "./table/requests.ts";
import { responses } from "./table/responses.ts";

const platform: Web = { Headers, Request, Response };
const light = { Headers: LightHeaders, Request: LightRequest, Response: LightResponse } as unknown as Web;
const topics: Readonly<Record<string, readonly Row[]>> = { headers, bodies, responses, requests };

test("the table has at least 250 rows, each once", () => {
  const names = Object.entries(topics).flatMap(([topic, rows]) => rows.map(([name]) => `${topic}: ${name}`));
  expect(names.length).toBeGreaterThanOrEqual(250);
  expect(new Set(names).size).toBe(names.length);
});

describe.each([
  ["the platform's classes", platform],
  ["the light classes", light],
] as const)("%s", (_, web) => {
  describe.each(Object.entries(topics))("%s", (_topic, rows) => {
    test.each(rows)("%s", async (_name, expected, run) => {
      expect(await outcome(web, run)).toEqual(plain(expected));
    });
  });
});
