/** Serves a plain folder over HTTP: files, index pages and listings, but nothing hidden and nothing outside of it. */
import { isUtf8 } from "node:buffer";
import type { Stats } from "node:fs";
import { open, readdir, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { createFileReader } from "../http/file-reader.ts";
import { answerAsset, answerRedirect } from "../runtime/assets.ts";
import { canonicalPath } from "../runtime/path.ts";
import { createFileHashes } from "./file-hashes.ts";
import { type Markup, markup, pageResponse } from "./html-page.ts";
import type { HttpResponse } from "../model/http-message.ts";

/** Answers a request with a canonical path; undefined where the path has no file or folder. */
export type DirectoryServer = (request: Request) => Promise<Response | HttpResponse | undefined>;

/**
 * Every request reads the disk, so that nothing has to be watched. Names that begin with a dot are hidden, except
 * `.well-known` (RFC 8615). Symbolic links are followed only inside the folder.
 * @param root absolute
 */
export function createDirectoryServer(root: string, contentType: (file: string) => string): DirectoryServer {
  const hashOf = createFileHashes();
  const read = createFileReader(root);
  const answerFile = async (request: Request, file: string, path: string): Promise<Response> =>
    answerAsset(
      request,
      { path, file, type: await displayType(file, contentType(file)), ...(await hashOf(file)) },
      read,
    );
  return async (request) => {
    const { pathname } = new URL(request.url);
    const names = pathname.split("/").slice(1).map(decodeURIComponent);
    const endsInSlash = names.at(-1) === "";
    if (endsInSlash) names.pop();
    const path = names.every(isVisible) ? await visiblePath(root, join(root, ...names)) : undefined;
    const kind = path && (await kindOf(path));
    if (path === undefined || kind === undefined) return undefined;
    if (kind === "file") return endsInSlash ? undefined : answerFile(request, path, pathname);
    // The path is canonical and has no empty name, so that the location cannot name another origin.
    if (!endsInSlash) return answerRedirect(request, { location: `${pathname}/` });
    const index = await visiblePath(root, join(path, "index.html"));
    if (index && (await kindOf(index)) === "file") return answerFile(request, index, pathname);
    return /^(GET|HEAD)$/.test(request.method)
      ? listing(root, path, names)
      : Response.json({ error: "Method Not Allowed" }, { status: 405, headers: { allow: "GET, HEAD" } });
  };
}

/** text/plain for text files whose own type a browser would download, such as a program's source. */
async function displayType(file: string, type: string): Promise<string> {
  if (!/^application\/(?:octet-stream|yaml|toml|x-sh)\b/.test(type)) return type;
  const opened = await open(file);
  try {
    const { bytesRead, buffer } = await opened.read(Buffer.alloc(4096), 0, 4096, 0);
    // The last character may be incomplete.
    const start = buffer.subarray(0, bytesRead === 4096 ? 4092 : bytesRead);
    const isText = !start.includes(0) && [0, 1, 2, 3].some((cut) => isUtf8(start.subarray(0, start.length - cut)));
    return isText ? "text/plain; charset=utf-8" : type;
  } finally {
    await opened.close();
  }
}

// "/" and "\" come from percent escapes and would be separators to the file system. An empty name is a doubled slash.
const isVisible = (name: string): boolean =>
  name !== "" && !/[/\\\0]/.test(name) && (!name.startsWith(".") || name === ".well-known");

/** The real path; undefined for a path that does not exist, leads out of the root or has a hidden name in it. */
async function visiblePath(root: string, file: string): Promise<string | undefined> {
  const [realRoot, real] = [await realpath(root), await undefinedIfMissing(realpath(file))];
  if (real === undefined) return undefined;
  const path = relative(realRoot, real);
  if (path === "") return real;
  // isVisible refuses "..". An absolute path is on another drive of Windows.
  return !isAbsolute(path) && path.split(sep).every(isVisible) ? real : undefined;
}

async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  const stats = await undefinedIfMissing(stat(path));
  return stats?.isFile() ? "file" : stats?.isDirectory() ? "folder" : undefined;
}

async function listing(root: string, folder: string, names: readonly string[]): Promise<HttpResponse> {
  const entries = await readdir(folder, { withFileTypes: true });
  const rows: { order: string; markup: Markup }[] = [];
  if (names.length) rows.push({ order: "", markup: row("../", "..") });
  for (const { name } of entries.filter((entry) => isVisible(entry.name))) {
    const path = await visiblePath(root, join(folder, name));
    const stats = path && (await undefinedIfMissing(stat(path)));
    // Without "./" a name like "a:b" would be read as a scheme.
    const href = `./${canonicalPath(encodeURIComponent(name))}`;
    if (stats && stats.isDirectory()) rows.push({ order: `0${name}`, markup: row(`${href}/`, `${name}/`, stats) });
    else if (stats && stats.isFile()) rows.push({ order: `1${name}`, markup: row(href, name, stats) });
  }
  const title = `/${names.map((name) => `${name}/`).join("")}`;
  const sorted = rows.toSorted((a, b) => (a.order < b.order ? -1 : 1));
  const table = markup`<table>${sorted.map((row) => row.markup)}</table>`;
  return pageResponse(200, title, markup`<h1>${title}</h1>${table}<footer>Listed by portico dev.</footer>`);
}

/** The name, the size of a file and the local time of the last change. */
function row(href: string, name: string, stats?: Stats): Markup {
  const size = stats?.isFile() ? readableSize(stats.size) : "";
  const date = stats ? localTime(stats.mtime) : "";
  const cells = markup`<td class="size">${size}</td><td class="size">${date}</td>`;
  return markup`<tr><td><a href="${href}">${name}</a></td>${cells}</tr>`;
}

function readableSize(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}

/** `2026-11-29 20:15`. */
function localTime(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

async function undefinedIfMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"].includes((error as NodeJS.ErrnoException).code ?? ""))
      return undefined;
    throw error;
  }
}
