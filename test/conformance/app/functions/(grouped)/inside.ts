/** `/inside`: a folder in parentheses is not in the path. */
export const GET = () => new Response("inside a group");
