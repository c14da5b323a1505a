/** The minutes that a clock ticks: after a pause, and after the machine's clock was changed. */
import { describe, expect, it } from "vitest";
import { minute, minutesToTick } from "../../../framework/features/jobs/clock.ts";

const noon = Date.parse("2026-11-29T12:00Z");

describe("minutesToTick", () => {
  it("begins with the current minute", () => {
    expect(minutesToTick(undefined, noon + 59_999)).toEqual([noon]);
  });

  it("ticks each minute once", () => {
    expect(minutesToTick(noon, noon + 59_999)).toEqual([]);
    expect(minutesToTick(noon, noon + minute)).toEqual([noon + minute]);
  });

  it("makes up for a pause of five minutes, and not for a longer one", () => {
    expect(minutesToTick(noon, noon + 5 * minute + 1)).toEqual([1, 2, 3, 4, 5].map((count) => noon + count * minute));
    expect(minutesToTick(noon, noon + 6 * minute)).toEqual([noon + 6 * minute]);
  });

  it("waits when the clock was put back a little, and goes on from there when it was put back far", () => {
    expect(minutesToTick(noon, noon - 5 * minute)).toEqual([]);
    expect(minutesToTick(noon, noon - 60 * minute)).toEqual([noon - 60 * minute]);
  });
});
