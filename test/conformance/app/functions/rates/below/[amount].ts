/** `/rates/below/:amount`: what an extension's middleware set. */
import type { Handler } from "portico";
import type { Rates } from "portico-rates";

export const GET: Handler = (_, { params, var: { rates } }) => {
  const { currency, label, format, authorization } = rates as Rates;
  return Response.json({ currency, label, amount: format(Number(params["amount"])), authorization });
};
