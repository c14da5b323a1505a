/** `/users/me` stands before `/users/:id`. */
export const GET = () => new Response("users/me");
