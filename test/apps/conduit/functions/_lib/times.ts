/** Times of rows, as JSON has them. */

/** ISO 8601, in place of dates. */
export const withIsoTimes = <Row extends { readonly createdAt: Date; readonly updatedAt: Date }>(row: Row) => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
});
