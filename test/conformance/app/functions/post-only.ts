/** `/post-only` has no GET, so no HEAD either. */
export const POST = () => new Response("posted", { status: 201, headers: { location: "/post-only/1" } });
