/** Functions with unusable exports fail at start in production, so that a release's probe rejects them. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { targets } from "../../framework/model/target.ts";
import { build, makeFolder } from "./test-app.ts";

const handler = `const handler = async () => new Response("hi");\nexport default handler;\n`;

test.each([
  ["a default export without fetch", { "functions/a.ts": handler }, "The default export has no fetch"],
  [
    "an undefined default export",
    { "functions/a.ts": "let app;\nexport default app;\n" },
    "The default export has no fetch",
  ],
  [
    "middleware that is a string, which Hono would take for a path",
    {
      "functions/a.ts": `export const GET = () => new Response("unguarded");`,
      "functions/_middleware.ts": `export default "guard";`,
    },
    "no middleware",
  ],
])("%s does not start, on any target", async (_, files, message) => {
  for (const target of targets) {
    const { manifest, out } = await build(makeFolder(files), target);
    const { main } = manifest.functions.find(({ id }) => id === "a")!;
    await expect(import(pathToFileURL(join(out, main)).href), target).rejects.toThrow(message);
  }
});
