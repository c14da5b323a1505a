/** Reads a form: a request in, its fields out. */
import { HttpError } from "portico";

/**
 * The fields of an urlencoded or multipart form. Anything else is the client's mistake, so it is answered 400, not 500.
 */
export async function readForm(request: Request): Promise<FormData> {
  try {
    return await request.formData();
  } catch (cause) {
    throw new HttpError(400, "The body must be a form", { cause });
  }
}

/** A field without spaces around it, empty if it is absent or a file. Browsers send line breaks as CR LF. */
export function textOf(form: FormData, field: string): string {
  const value = form.get(field);
  return typeof value === "string" ? value.replaceAll("\r\n", "\n").trim() : "";
}
