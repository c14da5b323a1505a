/** Tests of access log lines and their JSON. */
import { expect, test } from "vitest";
import { accessJson, type AccessRecord, formatAccess } from "../../framework/http/access-log.ts";

const record: AccessRecord = {
  time: new Date("2026-07-10T19:19:05.123Z"),
  clientAddress: "127.0.0.1",
  method: "GET",
  target: "/users/7?a=1",
  status: 200,
  bytes: 1234,
  durationMs: 4.2372,
  requestId: "id-1",
  route: "/users/:id",
  cold: true,
  aborted: false,
};

test("a line has the common log's fields, then duration, route and cold or warm", () => {
  expect(formatAccess(record)).toBe(
    `127.0.0.1 - - [10/Jul/2026:19:19:05 +0000] "GET /users/7?a=1 HTTP/1.1" 200 1234 4.2ms /users/:id cold`,
  );
  expect(formatAccess({ ...record, cold: false, durationMs: 1500 })).toMatch(/ 1\.50s \/users\/:id warm$/);
});

test("a static file has neither route nor environment; a disconnect is logged", () => {
  const { route: _, cold: __, ...file } = record;
  expect(formatAccess({ ...file, aborted: true })).toMatch(/ 200 1234 4\.2ms client left$/);
});

test.each([
  [200, "green"],
  [304, "cyan"],
  [404, "yellow"],
  [500, "red"],
])("status %i is %s", (status, colour) => {
  expect(formatAccess({ ...record, status }, (style, text) => `<${style}>${text}`)).toContain(`<${colour}>${status}`);
});

test("a quote in the target cannot end the request line", () => {
  expect(formatAccess({ ...record, target: `/" 200 "` })).toContain(`"GET /%22 200 %22 HTTP/1.1"`);
});

test("the JSON has all fields of the record", () => {
  expect(accessJson(record)).toEqual({
    type: "access",
    ...record,
    time: "2026-07-10T19:19:05.123Z",
    durationMs: 4.237,
  });
});
