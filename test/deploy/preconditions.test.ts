/** What a deploy checks before it changes anything. */
import { describe, expect, test } from "vitest";
import { requireSeparateState } from "../../deploy/preconditions.ts";
import type { App } from "../../framework/model/app.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import type { Target } from "../../framework/model/target.ts";
import { defaultApp } from "../config/default-app.ts";

describe("data on two clouds", () => {
  const built = (target: Target, needs: boolean, state: Pick<App, "state"> = {}): Manifest =>
    ({
      target,
      app: defaultApp("/app", state),
      functions: [{ id: "index" }, { id: "count", ...(needs && { needs: ["store"] }) }],
    }) as unknown as Manifest;

  test("is refused unless hosting.json says that it is separate", () => {
    expect(() => requireSeparateState([built("lambda", true), built("workers", true)])).toThrow(
      expect.objectContaining({ code: "STATE_ON_TWO_CLOUDS", fix: expect.stringContaining('"state": "separate"') }),
    );
    const separate = { state: "separate" } as const;
    requireSeparateState([built("lambda", true, separate), built("workers", true, separate)]);
  });

  test("is that of files, too", () => {
    const keeping = (target: Target): Manifest =>
      ({ ...built(target, false), functions: [{ id: "index", needs: ["files"] }] }) as unknown as Manifest;
    expect(() => requireSeparateState([keeping("lambda"), keeping("workers")])).toThrow(
      expect.objectContaining({ code: "STATE_ON_TWO_CLOUDS", message: expect.stringContaining("portico/files") }),
    );
  });

  test("is that of jobs, too", () => {
    const [aws, cloudflare] = [built("lambda", false), built("workers", false)];
    const withJobs = [
      { ...aws, jobsFunction: { id: "_jobs" } },
      { ...cloudflare, jobs: [] },
    ] as unknown as Manifest[];
    expect(() => requireSeparateState(withJobs)).toThrow(expect.objectContaining({ code: "STATE_ON_TWO_CLOUDS" }));
  });

  test("is none of an app without a store, or on one cloud", () => {
    requireSeparateState([built("lambda", false), built("workers", false)]);
    requireSeparateState([built("workers", true)]);
  });
});
