/** Limits of hosting.json's header names, header values and compatibility flags, as the platforms set them. */
import type { TextLimits } from "./rule.ts";

const inAnyCase = (name: string): string => name.replace(/[a-z]/g, (letter) => `[${letter.toUpperCase()}${letter}]`);

/** Headers that the server sets for a file; overriding them would make responses incorrect. */
const ownHeaders = [
  "accept-ranges",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "date",
  "etag",
  "keep-alive",
  "last-modified",
  "location",
  "set-cookie",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "vary",
];

/** RFC 9110 section 5.1. Header names are case-insensitive, and JSON Schema's patterns have no flag for that. */
export const headerName: TextLimits = {
  pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
  description: "a header's name",
  not: [{ pattern: `^(${ownHeaders.map(inAnyCase).join("|")})$`, description: "a header that the server sets itself" }],
};

export const headerValue: TextLimits = {
  pattern: "^[!-~]([ -~]{0,998}[!-~])?$",
  description: "1 to 1,000 printable ASCII characters without a space at either end",
  // Cloudflare's asset server replaces it with the part of the path that "*" matched.
  not: [{ pattern: ":splat", description: "a placeholder of Cloudflare" }],
};

/** Names of the Workers runtime's compatibility flags, without the opposites of flags that are always sent. */
export const flagName: TextLimits = {
  pattern: "^[a-z][a-z0-9_]*$",
  description: "a flag's name, such as request_signal_passthrough",
  not: [
    {
      pattern: "^(no_nodejs_compat(_v2)?|disable_request_signal)$",
      description: "the opposite of a flag that is always sent",
    },
    { pattern: "^experimental$", description: "a flag that Cloudflare does not accept" },
  ],
};
