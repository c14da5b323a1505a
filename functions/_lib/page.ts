/** The look that all pages share: a title and some JSX in, a page of the template layout.jinja out. */
import type { Child } from "hono/jsx";
import layout from "../_views/layout.jinja";

/** A whole document with a way back. @param init status and headers, as for `new Response` */
export const page = (title: string, body: Child, init?: ResponseInit): Response => layout({ title, body }, init);
