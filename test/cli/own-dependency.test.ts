/** The dependency on Portico that `init` writes, for each way in which the package can be installed. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ownDependency } from "../../framework/cli/own-dependency.ts";

let folder: string;
let installed: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-installed-"));
  installed = join(folder, "site/node_modules/portico");
  await mkdir(installed, { recursive: true });
  await writeFile(join(installed, "package.json"), `{"name":"portico","version":"1.2.3"}`);
});
afterAll(() => rm(folder, { recursive: true }));

/** The dependency of a new app beside a project with this package.json. */
const dependencyBeside = async (project: object): Promise<string> => {
  await writeFile(join(folder, "site/package.json"), JSON.stringify(project));
  return ownDependency(installed, join(folder, "new app"));
};

test("a package that runs from a checkout is written as a relative path", () => {
  expect(ownDependency("/src/portico/", "/src/apps/one")).toBe("file:../../portico");
});

test.each([
  ["file:../portico-1.2.3.tgz", "file:../portico-1.2.3.tgz"],
  ["file:packages/portico.tgz", "file:../site/packages/portico.tgz"],
  ["link:../portico", "file:../portico"],
  ["https://example.com/portico.tgz", "https://example.com/portico.tgz"],
  ["git+https://example.com/portico.git#v1", "git+https://example.com/portico.git#v1"],
  ["~1.2.0", "~1.2.0"],
  ["*", "^1.2.3"],
])("%s is written as %s", async (wanted, written) => {
  expect(await dependencyBeside({ devDependencies: { portico: wanted } })).toBe(written);
});

test("an absolute path becomes a relative one", async () => {
  const [, path = ""] = (await dependencyBeside({ dependencies: { portico: "file:/tmp/portico.tgz" } })).split("file:");
  expect(path).toMatch(/^\.\./);
  expect(join(folder, "new app", path)).toBe("/tmp/portico.tgz");
});

test("without a project that depends on the package, the dependency is a version range", async () => {
  expect(await dependencyBeside({ name: "site" })).toBe("^1.2.3");
  await rm(join(folder, "site/package.json"));
  expect(ownDependency(installed, join(folder, "new app"))).toBe("^1.2.3");
});
