/** `/wiki/new` stands before the optional rest. */
export const GET = () => new Response("wiki/new");
