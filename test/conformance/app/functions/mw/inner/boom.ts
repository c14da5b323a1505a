/** `/mw/inner/boom` throws below middleware. */
export const GET = () => {
  throw new Error("secret detail of a throw below middleware");
};
