/** Reading a build's manifest: manifests of other schema versions, and files that are none, are refused. */
import { describe, expect, it } from "vitest";
import { readManifest } from "../../framework/model/manifest-reader.ts";

describe("readManifest()", () => {
  it("reads a manifest", () => {
    expect(readManifest(`{"schemaVersion":1,"target":"lambda"}`, "m.json")).toEqual({
      schemaVersion: 1,
      target: "lambda",
    });
  });

  it("refuses a newer schema and other files", () => {
    expect(() => readManifest(`{"schemaVersion":2}`, "m.json")).toThrow(
      expect.objectContaining({ code: "MANIFEST_VERSION" }),
    );
    for (const text of ["", "null", "{}", "[1]"])
      expect(() => readManifest(text, "m.json"), text).toThrow(expect.objectContaining({ code: "MANIFEST" }));
  });
});
