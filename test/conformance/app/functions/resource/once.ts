import { created, resource } from "portico/resource";
import { idempotent, store } from "portico/store";
import * as z from "zod";

export const POST = idempotent(
  resource({ body: z.object({ run: z.string() }) }, async ({ body, context }) =>
    created(await store<number>(context, "resources").add(body.run), "/made"),
  ),
);
