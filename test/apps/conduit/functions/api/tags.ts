/** `GET /api/tags`: all tags that articles have. */
import { sql } from "drizzle-orm";
import { resource } from "portico/resource";
import { about } from "../_lib/about.ts";
import { db } from "../_lib/database.ts";
import { Tags } from "../_lib/output.ts";
import { articles } from "../_lib/schema.ts";

export const GET = resource({ response: Tags }, async ({ context }) => {
  const tag = sql<string>`unnest(${articles.tags})`;
  const found = await db(context).selectDistinct({ tag }).from(articles).orderBy(tag);
  return { tags: found.map((row) => row.tag) };
});

export const openapi = () => ({ GET: about("All tags", "tags") });
