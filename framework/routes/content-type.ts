/** The Content-Type of a static file, from its name. */
import { mimes } from "hono/utils/mime";

/**
 * Hono's table with additions. `.ts` is TypeScript here, not the MPEG transport stream that IANA registers.
 */
const types: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...mimes,
    "7z": "application/x-7z-compressed",
    cts: "text/plain",
    hwp: "application/x-hwp",
    hwpx: "application/hwp+zip",
    jsx: "text/plain",
    jxl: "image/jxl",
    log: "text/plain",
    m4a: "audio/mp4",
    md: "text/markdown",
    mov: "video/quicktime",
    mts: "text/plain",
    toml: "application/toml",
    ts: "text/plain",
    tsx: "text/plain",
    vtt: "text/vtt",
    wav: "audio/wav",
    yaml: "application/yaml",
    yml: "application/yaml",
  }),
);

/** Files without an extension that clients require a certain type for. */
const names: ReadonlyMap<string, string> = new Map([["apple-app-site-association", "application/json"]]);

/** Includes the charset for text types; `application/octet-stream` for unknown extensions. */
export function contentType(file: string): string {
  const name = file.slice(file.lastIndexOf("/") + 1);
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  const type = types.get(extension) ?? names.get(name);
  if (type === undefined) return "application/octet-stream";
  return type.startsWith("text/") && !type.includes("charset=") ? `${type}; charset=utf-8` : type;
}
