/** `/mw/inner/refused` answers with an HttpError below middleware. */
import { HttpError } from "portico";

export const GET = () => {
  throw new HttpError(409, "refused below middleware");
};
