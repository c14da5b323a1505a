/** The `trailingSlash` setting redirects on every target and front. */
import { expect, test } from "vitest";
import { httpApiKeys } from "../../framework/model/http-api-keys.ts";
import { targets } from "../../framework/model/target.ts";
import { build, type Built, makeFolder, readTree } from "./test-app.ts";

const files = {
  "functions/index.ts": `export const GET = () => new Response("home");`,
  "functions/users/[id].ts": `export const GET = () => new Response("user");`,
  "functions/notes/[[...path]].ts": `export const GET = () => new Response("notes");`,
  "functions/_public/a.txt": "a",
};

const code = ({ out }: Built): string =>
  Object.entries(readTree(out))
    .filter(([name]) => /\.m?js$/.test(name))
    .map(([, bytes]) => bytes.toString())
    .join("\n");

/** How many there are in code. */
const redirects = (text: string): number => text.match(/status:\s*308/g)?.length ?? 0;

test.each([...targets, "function-url"] as const)(
  "on %s routes are the same, and only what answers 404 knows their patterns",
  async (target) => {
    const root = makeFolder(files);
    const isUrl = target === "function-url";
    const changes = isUrl
      ? ({ group: "app", lambda: { architecture: "arm64", logRetention: 30, policies: [], front: target } } as const)
      : {};
    const [name] = [isUrl ? ("lambda" as const) : target];
    const without = await build(root, name, changes);
    const before = {
      code: code(without),
      functions: without.manifest.functions,
      keys: httpApiKeys(without.manifest.routes, without.manifest.assets),
    };
    const { manifest, ...built } = await build(root, name, { ...changes, trailingSlash: "redirect" });
    expect(redirects(code({ manifest, ...built }))).toBe(redirects(before.code) + 1);
    expect(httpApiKeys(manifest.routes, manifest.assets)).toEqual(before.keys);
    if (!isUrl) expect(manifest.functions).toEqual(before.functions);
  },
);
