/** What a static file is: its name in, its Content-Type out. */
import { mimes } from "hono/utils/mime";

/** Hono's table and more. A `.ts` file among web assets is TypeScript, not the video that the registry of types knows. */
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

/** Files without an extension whose type their readers insist on. */
const names: ReadonlyMap<string, string> = new Map([["apple-app-site-association", "application/json"]]);

/** Charset included for text; `application/octet-stream` for what is unknown. */
export function contentType(file: string): string {
  const name = file.slice(file.lastIndexOf("/") + 1);
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  const type = types.get(extension) ?? names.get(name);
  if (type === undefined) return "application/octet-stream";
  return type.startsWith("text/") && !type.includes("charset=") ? `${type}; charset=utf-8` : type;
}
