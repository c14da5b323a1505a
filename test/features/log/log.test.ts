/** The lines of the log: what they have, and that nothing that is given to them throws. */
import { describe, expect, it } from "vitest";
import { placeOf as placeInCloudflare } from "../../../framework/features/log/console.ts";
import { createMetric } from "../../../framework/features/log/embedded-metric.ts";
import { placeOf } from "../../../framework/features/log/lambda.ts";
import { createLogger, type Level } from "../../../framework/features/log/log.ts";
import { routed } from "../../../framework/features/log/trace.ts";
import { createCall } from "../../../framework/node/testing.ts";

type Line = Readonly<Record<string, unknown>>;

/** A log whose lines can be read. */
function open(context: object = {}, fields?: Record<string, unknown>, off?: readonly Level[]) {
  const lines: Line[] = [];
  const ofTarget = "platform" in context ? placeInCloudflare : placeOf;
  const logger = createLogger((line) => lines.push(JSON.parse(line) as Line), ofTarget, "prod", off);
  return { log: logger(createCall({ requestId: "r1", ...context }), fields), lines };
}

describe("a line", () => {
  it("has its level and message, then fields, then what is known of the request", () => {
    const { log, lines } = open({ [routed]: [new Request("https://a.example"), "/users/:id"] }, { area: "orders" });
    log.info("paid", { cents: 5 });
    expect(JSON.stringify(lines[0])).toBe(
      '{"level":"info","message":"paid","area":"orders","cents":5,' +
        '"stage":"prod","requestId":"r1","route":"/users/:id"}',
    );
  });

  it("has the release of API Gateway's stage, or of the version of a Worker", () => {
    const event = { stageVariables: { release: "7" } };
    expect(placeOf({ platform: { event, context: {} } })[1]).toBe("7");
    const { log, lines } = open({ platform: { env: { PORTICO_RELEASE: { number: 8 } } } });
    log.info("a");
    expect(lines[0]?.["release"]).toBe(8);
  });

  it.each(["level", "message", "requestId", "traceId", "route", "release", "stage"])("keeps its own %s", (name) => {
    const [{ log, lines }, plainly] = [open({}, { [name]: "forged" }), open()];
    log.warn("a", { [name]: "forged" });
    plainly.log.warn("a");
    expect(lines).toEqual(plainly.lines);
  });

  it("is not written below the level of the stage", () => {
    const { log, lines } = open({}, {}, ["debug", "info"]);
    for (const level of ["debug", "info", "warn", "error"] as const) log[level](level);
    expect(lines.map(({ message }) => message)).toEqual(["warn", "error"]);
  });

  it("has an error with its code, its causes and the errors that it holds, and none of its other members", () => {
    const { log, lines } = open();
    const cause = Object.assign(new TypeError("no host"), { code: "ENOTFOUND", headers: { authorization: "secret" } });
    log.error("failed", new Error("no answer", { cause }));
    log.error("failed", { order: 7, failures: new AggregateError([new Error("one")], "all") });
    expect(lines[0]?.["error"]).toMatchObject({
      name: "Error",
      message: "no answer",
      stack: expect.stringContaining("log.test.ts") as string,
      cause: { name: "TypeError", message: "no host", code: "ENOTFOUND" },
    });
    expect(JSON.stringify(lines[0])).not.toContain("secret");
    expect(lines[1]).toMatchObject({ order: 7, failures: { errors: [{ message: "one" }] } });
  });
});

const circular: Record<string, unknown> = { name: "a" };
circular["self"] = circular;
const deep = Array.from({ length: 10_000 }).reduce<unknown>((inner) => ({ inner }), 1);
const throwing = {
  get name(): string {
    throw new Error("no");
  },
};
const loop = new Error("loop");
loop.cause = loop;
const refusing = (): never => {
  throw new Error("refused");
};
const hostile = new Proxy({}, { get: refusing, ownKeys: refusing, getOwnPropertyDescriptor: refusing });

describe("a value that JSON does not take", () => {
  it.each<[name: string, given: unknown, written: unknown]>([
    ["a BigInt", { big: 12n }, { big: "12" }],
    ["an object in itself", circular, { name: "a", self: "[error]" }],
    ["a toJSON that throws", { it: { toJSON: refusing } }, { it: "[error]" }],
    ["a getter that throws", { it: throwing, other: 1 }, { it: "[error]", other: 1 }],
    ["a proxy that throws", { it: hostile }, { it: "[error]" }],
    ["functions and symbols", { run: () => 1, mark: Symbol("a"), other: 1 }, { other: 1 }],
    ["a date", { at: new Date(0), bad: new Date(NaN) }, { at: "1970-01-01T00:00:00.000Z", bad: null }],
    ["text", "words", { error: "words" }],
    ["nothing", undefined, {}],
    ["a function", refusing, {}],
  ])("%s", (_, given, written) => {
    const { log, lines } = open();
    log.info("a", given);
    const { level: _level, message: _message, requestId: _requestId, stage: _stage, ...rest } = lines[0]!;
    expect(rest).toEqual(JSON.parse(JSON.stringify(written)));
  });

  it("is written whatever it is: as fields of a line, of the log, and as a message", () => {
    for (const given of [circular, deep, throwing, loop, hostile, null, 1n, Symbol("a"), [circular, deep], refusing]) {
      const { log, lines } = open({}, given as Record<string, unknown>);
      log.error(given as string, given);
      log.error("a", { given });
      expect(lines).toHaveLength(2);
    }
  });

  it("keeps the same value in two places, which is no circle", () => {
    const shared = { a: 1 };
    const { log, lines } = open();
    log.info("a", { one: shared, two: [shared] });
    expect(lines[0]).toMatchObject({ one: { a: 1 }, two: [{ a: 1 }] });
  });

  it("keeps a member called __proto__ a member", () => {
    const { log, lines } = open();
    log.info("a", JSON.parse('{"it":{"__proto__":{"admin":true}}}'));
    expect(JSON.stringify(lines[0])).toContain('"it":{"__proto__":{"admin":true}}');
  });
});

describe("a metric", () => {
  it("is in CloudWatch's embedded metric format on Lambda", () => {
    const before = Date.now();
    let line: Line = {};
    createMetric((text) => void (line = JSON.parse(text) as Line), "shop", "prod")("orders", 2);
    const { Timestamp } = line["_aws"] as { readonly Timestamp: number };
    expect(Timestamp).toBeGreaterThanOrEqual(before);
    const Metrics = [{ Name: "orders", Unit: "Count" }];
    expect(line).toEqual({
      orders: 2,
      stage: "prod",
      _aws: { Timestamp, CloudWatchMetrics: [{ Namespace: "shop", Dimensions: [["stage"]], Metrics }] },
    });
  });
});
