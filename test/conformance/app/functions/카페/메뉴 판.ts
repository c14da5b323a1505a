/** `/카페/메뉴 판` */
export const GET = () => new Response("커피");
