/** The lock of the process that runs the jobs of a data folder. */
import { expect, it } from "vitest";
import { tryToLead } from "../../../framework/features/jobs/leader.ts";
import { dataFolder } from "./data-folder.ts";

it("only one has the lock of a folder, until it gives it back", () => {
  const data = dataFolder();
  const first = tryToLead(data);
  expect(first).toBeDefined();
  expect(tryToLead(data)).toBeUndefined();
  first!.release();
  const next = tryToLead(data);
  expect(next).toBeDefined();
  next!.release();
});
