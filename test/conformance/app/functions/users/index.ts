/** `/users` */
export const GET = () => new Response("users");
