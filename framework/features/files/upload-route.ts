/** The route of upload forms on Node and on Workers: checks what a form allows while the file is stored. */
import { errorResponse, jsonError } from "../../runtime/error-response.ts";
import type { Call } from "../../runtime/handler.ts";
import { HttpError } from "../../runtime/http-error.ts";
import type { FormReceiver } from "./engine.ts";
import type { FileError } from "./file-error.ts";
import { readForm, type ReceivedForm } from "./form-reader.ts";
import { type FormPolicy, readPolicy } from "./signed-form.ts";

/** Answers the request of a form: 204, or 303 to the page that follows, with the file's ETag. */
export type UploadRoute = (request: Request, call: Call) => Promise<Response>;

/** Binds the route to a target's engine. */
export const createUploadRoute =
  (open: (platform: Call["platform"], namespace: string) => FormReceiver): UploadRoute =>
  async (request, call) => {
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
    try {
      return await receive(request, call, open);
    } catch (error) {
      const isBusy = (error as Partial<FileError>).code === "FILE_BUSY";
      return isBusy ? jsonError(503, "the file could not be stored; send it again later") : errorResponse(error, call);
    }
  };

async function receive(
  request: Request,
  { platform }: Call,
  open: (platform: Call["platform"], namespace: string) => FormReceiver,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  const namespace = pathname.slice(pathname.lastIndexOf("/") + 1);
  const length = request.headers.get("content-length");
  const form = await readForm(
    request.body ?? new Response("").body!,
    request.headers.get("content-type") ?? "",
    length === null ? undefined : Number(length),
  );
  const { put, secret } = open(platform, namespace);
  const policy = await readPolicy(secret, form.fields);
  if (policy?.namespace !== namespace) throw new HttpError(403, "this app did not sign the form, or it was changed");
  check(policy, form);
  const content = { size: form.size, parts: limited(form.file, policy.maxBytes) };
  const { etag } = await put(policy.key, content, policy.type);
  const { redirect } = policy;
  return redirect
    ? new Response(null, { status: 303, headers: { etag, location: redirect } })
    : new Response(null, { status: 204, headers: { etag } });
}

/** Before any byte of the file is read. */
function check({ expires, type, maxBytes }: FormPolicy, { fields, size = 0 }: ReceivedForm): void {
  if (Date.now() >= expires * 1000) throw new HttpError(403, "the form has expired; load the page again");
  if (fields.get("Content-Type") !== type) throw new HttpError(415, `the form takes files of type ${type} alone`);
  // Clients may leave out the last line break.
  if (size > maxBytes) throw tooLarge(maxBytes);
}

async function* limited(parts: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let left = maxBytes;
  for await (const part of parts) {
    left -= part.byteLength;
    if (left < 0) throw tooLarge(maxBytes);
    yield part;
  }
}

const tooLarge = (maxBytes: number): HttpError => new HttpError(413, `the file has more than ${maxBytes} bytes`);
