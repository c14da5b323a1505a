/** A test case for a part of Hono: the module of an app, and requests to it. */

/** A request to the app's own path; the body as a client sends it. */
export interface Ask {
  readonly method?: string;
  /** Below the app's base path, with its query. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * `app` in the code is a new Hono at the app's base path; ORIGIN in its env is a server that says what it was asked.
 */
export interface HonoCase {
  readonly name: string;
  /** Import lines. */
  readonly imports: string;
  /** What is done with `app`. */
  readonly code: string;
  readonly asks: readonly Ask[];
}

export const get = (path = "/", headers: Readonly<Record<string, string>> = {}): Ask => ({ path, headers });

export const post = (
  path: string,
  type: string | undefined,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Ask => ({
  method: "POST",
  path,
  headers: { ...(type !== undefined && { "content-type": type }), ...headers },
  body,
});

export const form = "application/x-www-form-urlencoded";

/** Parts of a form by name; a file is its name and its text. */
export const multipart = (
  parts: Readonly<Record<string, string | readonly [file: string, text: string]>>,
): Ask["body"] =>
  `${Object.entries(parts)
    .map(([name, part]) =>
      typeof part === "string"
        ? `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${part}\r\n`
        : `--b\r\nContent-Disposition: form-data; name="${name}";
      filename="${part[0]}"\r\nContent-Type: text/plain\r\n\r\n${part[1]}\r\n`,
    )
    .join("")}--b--\r\n`;

export const multipartType = "multipart/form-data; boundary=b";
