/** Discovery of jobs: which files are jobs, their settings, and the errors for names. */
import { describe, expect, it } from "vitest";
import { discoverJobs } from "../../framework/routes/job-discovery.ts";
import { appFolder } from "./app-folder.ts";

const job = "export default () => undefined;";

describe("discoverJobs", () => {
  it("finds the code files of functions/_jobs, with their settings and the defaults", async () => {
    const root = appFolder({
      "functions/_jobs/digest.ts": job,
      "functions/_jobs/clean-up.js": job,
      "functions/_jobs/digest.test.ts": "",
      "functions/_jobs/types.d.ts": "",
      "functions/_jobs/README.md": "",
      "functions/_jobs/_lib/text.ts": "",
      "functions/_jobs/_shared.ts": "",
    });
    const jobs = { digest: { cron: "0 9 * * *", zone: "Asia/Seoul", retries: 0 } };
    expect(await discoverJobs({ root, jobs })).toEqual([
      { name: "clean-up", file: "functions/_jobs/clean-up.js", retries: 3, timeout: 300 },
      {
        name: "digest",
        file: "functions/_jobs/digest.ts",
        cron: "0 9 * * *",
        zone: "Asia/Seoul",
        retries: 0,
        timeout: 300,
      },
    ]);
  });

  it("finds none without the folder", async () => {
    expect(await discoverJobs({ root: appFolder({ "functions/index.ts": "" }) })).toEqual([]);
  });

  it.each([
    ["functions/_jobs/Digest.ts", "JOB_NAME"],
    ["functions/_jobs/[name].ts", "JOB_NAME"],
    ["functions/_jobs/more/digest.ts", "JOB_NAME"],
  ])("refuses %s", async (file, code) => {
    await expect(discoverJobs({ root: appFolder({ [file]: job }) })).rejects.toMatchObject({ code });
  });

  it("refuses two files of one name", async () => {
    const root = appFolder({ "functions/_jobs/digest.ts": job, "functions/_jobs/digest.js": job });
    await expect(discoverJobs({ root })).rejects.toMatchObject({ code: "JOB_TWICE" });
  });

  it("refuses settings of a job without a file, and suggests one", async () => {
    const hosting = '{\n  "jobs": {\n    "digets": {}\n  }\n}\n';
    const root = appFolder({ "functions/_jobs/digest.ts": job, "hosting.json": hosting });
    await expect(discoverJobs({ root, jobs: { digets: {} } })).rejects.toMatchObject({
      code: "JOB_FILE",
      at: [{ file: "hosting.json", line: 3, column: 5 }],
      message: expect.stringContaining('did you mean "digest"?'),
    });
  });
});
