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
