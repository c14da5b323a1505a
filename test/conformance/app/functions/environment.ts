/** `/environment` names the environment that answered: made at its first call, so the same for all its calls. */
import type { Handler } from "portico";

let name: string | undefined;

export const GET: Handler = async () => {
  name ??= crypto.randomUUID();
  await new Promise((resume) => setTimeout(resume, 30));
  return Response.json({ name });
};
