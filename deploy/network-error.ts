/** Recognizes network and certificate errors by their codes, and turns them into user errors. */
import { UserError } from "../framework/model/user-error.ts";

/**
 * Of system calls (errno(3)), name look-ups and TLS (Node: common system errors, dns, tls), and of the two HTTP clients
 * (undici, llhttp).
 */
const codes: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EPROTO",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "ENETRESET",
  "EADDRNOTAVAIL",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EAI_NODATA",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_SOCKET",
  // Requests that a proxy refuses.
  "ERR_PROXY_TUNNEL",
  "UND_ERR_ABORTED",
  "ERR_STREAM_PREMATURE_CLOSE",
  "HPE_INVALID_CONSTANT",
  "HPE_INVALID_EOF_STATE",
  "HPE_CLOSED_CONNECTION",
]);

/** Of certificates (OpenSSL's verify errors, as Node names them in its documentation of TLS). */
const certificates: ReadonlySet<unknown> = new Set([
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_UNTRUSTED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/**
 * The error code of a broken connection, such as `ECONNRESET`, or undefined for other errors. A UserError is
 * left as it is.
 */
export const networkCode = (error: unknown): string | undefined =>
  find(error, ({ code, name }) => (codes.has(code) ? code : name === "TimeoutError" ? "timeout" : undefined));

/**
 * The user's error for a cloud that gave no answer; undefined for errors of another kind. @param where as in a
 * sentence: `AWS in eu-west-1`
 */
export function toUnreachableError(error: unknown, where: string): UserError | undefined {
  const code = networkCode(error);
  if (code !== undefined)
    return new UserError(
      "CLOUD_UNREACHABLE",
      `${where} does not answer (${code})`,
      "Check the connection (for the local cloud, run portico cloud; for an account behind a proxy, set HTTPS_PROXY) " +
        "and run the command again; it continues where it stopped.",
      { cause: error },
    );
  const certificate = find(error, (one) => (certificates.has(one.code) ? one.code : undefined));
  if (certificate === undefined) return undefined;
  return new UserError(
    "CLOUD_CERTIFICATE",
    `${where} shows a certificate that is not trusted here (${certificate})`,
    "If a proxy decrypts TLS, set NODE_EXTRA_CA_CERTS to the file of its certificate.",
    { cause: error },
  );
}

/** Searches an error and its causes: `fetch` puts the code into the cause. */
function find(error: unknown, codeOf: (one: NodeJS.ErrnoException) => string | undefined): string | undefined {
  if (error instanceof UserError) return undefined;
  for (let one: unknown = error; typeof one === "object" && one !== null; one = (one as Error).cause) {
    const code = codeOf(one as NodeJS.ErrnoException);
    if (code !== undefined) return code;
  }
  return undefined;
}
