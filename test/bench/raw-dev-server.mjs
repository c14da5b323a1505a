/**
 * The least that a dev server does after an edit: fs.watch, esbuild's rebuild of one route, an import of the result,
 * node:http. Arguments: the app's root, its route's file and a folder for the results; it prints its port.
 */
import { watch, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { context } from "esbuild";

const [, , root, file, out] = process.argv;
const options = { bundle: true, write: false, format: "esm", platform: "node", logLevel: "silent" };
const bundler = await context({ ...options, entryPoints: [join(root, file)] });

let builds = 0;
async function build() {
  const { outputFiles } = await bundler.rebuild();
  const path = join(out, `${builds++}.mjs`);
  writeFileSync(path, outputFiles[0].contents);
  return import(pathToFileURL(path).href);
}

let built = build();
// A write has two events, and the first may find half of the file.
watch(dirname(join(root, file)), () => (built = built.catch(() => undefined).then(build)));

const server = createServer(async (_, response) => {
  const { GET } = await built.catch(() => ({}));
  response.end(GET ? await GET().text() : "broken");
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
