import { describe, expect, it } from "vitest";
import { readManifest } from "../../framework/model/read-manifest.ts";

describe("readManifest()", () => {
  it("gives what was written", () => {
    expect(readManifest(`{"schemaVersion":1,"target":"lambda"}`, "m.json")).toEqual({ schemaVersion: 1, target: "lambda" });
  });

  it("refuses a newer one, and what is none", () => {
    expect(() => readManifest(`{"schemaVersion":2}`, "m.json")).toThrow(expect.objectContaining({ code: "MANIFEST_VERSION" }));
    for (const text of ["", "null", "{}", "[1]"])
      expect(() => readManifest(text, "m.json"), text).toThrow(expect.objectContaining({ code: "MANIFEST" }));
  });
});
