/** Serves a plain folder, as `portico dev ./site` does: its path in, files, index pages and listings out; never anything outside or hidden. */
import { readdir, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { createFileReader } from "../node/file-reader.ts";
import { answerAsset, answerRedirect } from "../runtime/assets.ts";
import { canonicalPath } from "../runtime/path.ts";
import { createFileHashes } from "./file-hashes.ts";
import { type Markup, markup, pageResponse } from "./page.ts";
import type { WireResponse } from "../model/wire.ts";

/** Answers a request, whose path is canonical; undefined where nothing is. */
export type FolderSite = (request: Request) => Promise<Response | WireResponse | undefined>;

/**
 * Every request looks at the disk anew, so nothing has to be watched. Names that begin with a dot are hidden, but for `.well-known`
 * (RFC 8615); links are followed only inside the folder.
 * @param root absolute
 */
export function createFolderSite(root: string, contentType: (file: string) => string): FolderSite {
  const hashOf = createFileHashes();
  const read = createFileReader(root);
  const answerFile = async (request: Request, file: string, path: string): Promise<Response> =>
    answerAsset(request, { path, file, type: contentType(file), ...(await hashOf(file)) }, read);
  return async (request) => {
    const { pathname } = new URL(request.url);
    const names = pathname.split("/").slice(1).map(decodeURIComponent);
    const folderAsked = names.at(-1) === "";
    if (folderAsked) names.pop();
    const path = names.every(isVisible) ? await inside(root, join(root, ...names)) : undefined;
    const kind = path && (await kindOf(path));
    if (path === undefined || kind === undefined) return undefined;
    if (kind === "file") return folderAsked ? undefined : answerFile(request, path, pathname);
    // The path is canonical and its names are not empty, so this cannot be another origin's.
    if (!folderAsked) return answerRedirect(request, { location: `${pathname}/` });
    const index = await inside(root, join(path, "index.html"));
    if (index && (await kindOf(index)) === "file") return answerFile(request, index, pathname);
    return /^(GET|HEAD)$/.test(request.method)
      ? listing(root, path, names)
      : Response.json({ error: "Method Not Allowed" }, { status: 405, headers: { allow: "GET, HEAD" } });
  };
}

// "/" and "\" come out of escapes, and would be folders to the file system; an empty name is a doubled slash.
const isVisible = (name: string): boolean => name !== "" && !/[/\\\0]/.test(name) && (!name.startsWith(".") || name === ".well-known");

/** The real path, or undefined when it is not there or leads out of the root, or to something hidden in it. */
async function inside(root: string, given: string): Promise<string | undefined> {
  const [home, real] = [await realpath(root), await orMissing(realpath(given))];
  if (real === undefined) return undefined;
  const path = relative(home, real);
  if (path === "") return real;
  // ".." is hidden too; an absolute path is another drive of Windows.
  return !isAbsolute(path) && path.split(sep).every(isVisible) ? real : undefined;
}

async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  const found = await orMissing(stat(path));
  return found?.isFile() ? "file" : found?.isDirectory() ? "folder" : undefined;
}

async function listing(root: string, folder: string, names: readonly string[]): Promise<WireResponse> {
  const entries = await readdir(folder, { withFileTypes: true });
  const rows: { name: string; markup: Markup }[] = [];
  if (names.length) rows.push({ name: "", markup: link("../", "..") });
  for (const { name } of entries.filter((entry) => isVisible(entry.name))) {
    const path = await inside(root, join(folder, name));
    const kind = path && (await kindOf(path));
    // "./" keeps a name like "a:b" from being read as a scheme.
    const href = `./${canonicalPath(encodeURIComponent(name))}`;
    if (kind)
      rows.push({
        name: `${kind === "folder" ? 0 : 1}${name}`,
        markup: kind === "folder" ? link(`${href}/`, `${name}/`) : link(href, name),
      });
  }
  const title = `/${names.map((name) => `${name}/`).join("")}`;
  const sorted = rows.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return pageResponse(
    200,
    title,
    markup`<h1>${title}</h1><table>${sorted.map((row) => row.markup)}</table><footer>Listed by portico dev.</footer>`,
  );
}

const link = (href: string, name: string): Markup => markup`<tr><td><a href="${href}">${name}</a></td></tr>`;

async function orMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
