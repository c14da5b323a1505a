/** Messages: their form, what send refuses, and the messages of the clock. */
import { describe, expect, it } from "vitest";
import { toMessage } from "../../../framework/features/jobs/message.ts";
import { ticksAt } from "../../../framework/features/jobs/ticks.ts";
import { parseCron } from "../../../framework/model/cron.ts";

const codeOf = (make: () => unknown): string => {
  try {
    make();
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
  throw new Error("it was taken");
};

describe("toMessage", () => {
  it("is JSON with the job, its data and its id", () => {
    const { id, body } = toMessage("digest", { team: "안녕 \u2028" }, { id: "digest/a" }, ["digest"]);
    expect(id).toBe("digest/a");
    expect(JSON.parse(body)).toEqual({ job: "digest", data: { team: "안녕 \u2028" }, id: "digest/a" });
  });

  it("has a random id and null for no data", () => {
    const [one, other] = [
      toMessage("digest", undefined, {}, ["digest"]),
      toMessage("digest", undefined, {}, undefined),
    ];
    expect(one.id).not.toBe(other.id);
    expect(JSON.parse(one.body)).toEqual({ job: "digest", data: null, id: one.id });
  });

  it("takes 120,000 bytes of JSON, and no more", () => {
    const fits = "é".repeat(59_999);
    expect(toMessage("digest", fits, {}, undefined).body).toContain(fits);
    expect(codeOf(() => toMessage("digest", `${fits}a`, {}, undefined))).toBe("JOB_DATA");
  });

  it.each([
    ["a name that the build does not know", () => toMessage("toString", null, {}, ["digest"]), "JOB_UNKNOWN"],
    ["data that is not JSON", () => toMessage("digest", 1n, {}, undefined), "JOB_DATA"],
    ["a function", () => toMessage("digest", () => 1, {}, undefined), "JOB_DATA"],
    ["a delay over 900 s", () => toMessage("digest", null, { delay: 901 }, undefined), "JOB_DELAY"],
    ["a delay of half a second", () => toMessage("digest", null, { delay: 0.5 }, undefined), "JOB_DELAY"],
    ["a delay before now", () => toMessage("digest", null, { delay: -1 }, undefined), "JOB_DELAY"],
    ["an empty id", () => toMessage("digest", null, { id: "" }, undefined), "JOB_ID"],
    ["a long id", () => toMessage("digest", null, { id: "x".repeat(201) }, undefined), "JOB_ID"],
  ])("refuses %s", (_what, make, code) => {
    expect(codeOf(make)).toBe(code);
  });
});

describe("ticksAt", () => {
  it("gives the jobs that are due at a minute, with the minute in their ids", () => {
    const at = Date.parse("2026-11-29T00:00Z");
    const jobs = {
      digest: { schedule: parseCron("0 9 * * *"), zone: "Asia/Seoul" },
      hourly: { schedule: parseCron("0 * * * *") },
      never: {},
      later: { schedule: parseCron("1 * * * *") },
    };
    expect(ticksAt(jobs, at).map((body) => JSON.parse(body) as unknown)).toEqual([
      { job: "digest", data: null, id: "digest@2026-11-29T00:00Z", scheduled: at },
      { job: "hourly", data: null, id: "hourly@2026-11-29T00:00Z", scheduled: at },
    ]);
  });
});
