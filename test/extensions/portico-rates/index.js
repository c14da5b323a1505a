/** An extension with settings, a secret and middleware that sets a variable. */
import { createMiddleware } from "hono/factory";
import { settings } from "portico/extension";

export const rates = ({ currency, decimals = 2, label = "" } = settings()) =>
  createMiddleware(async (c, next) => {
    const { RATES_KEY } = c.env;
    c.set("rates", {
      currency,
      label,
      format: (amount) => `${amount.toFixed(decimals)} ${currency}`,
      authorization: `Bearer ${RATES_KEY}`,
    });
    await next();
  });
