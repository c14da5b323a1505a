/** `/api/notes`: a JSON API. It answers a note that it accepts, and keeps none. */
import { type Handler, HttpError } from "portico";
import { checkNote, type Note } from "../_lib/note.ts";

const examples: readonly Note[] = [
  { title: "Functions are files", tags: ["routes"] },
  { title: "State belongs into the store, or to the visitor", tags: ["state"] },
];

export const GET: Handler = () => Response.json({ notes: examples });

export const POST: Handler = async (request) => {
  const checked = checkNote(await readJson(request));
  if ("problems" in checked) return Response.json(checked, { status: 400 });
  return Response.json({ id: crypto.randomUUID(), ...checked.note }, { status: 201 });
};

async function readJson(request: Request): Promise<unknown> {
  const type = request.headers.get("content-type") ?? "";
  if (!type.startsWith("application/json")) throw new HttpError(415, "Send application/json");
  try {
    return await request.json();
  } catch (cause) {
    throw new HttpError(400, "The body is not JSON", { cause });
  }
}
