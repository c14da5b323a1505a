/** The DynamoDB table of `portico/store`: its keys, and what a function's role may do with it. */

/** Keys of type S: the namespace and the key of an entry. `ttl` is the attribute with the expiry in epoch seconds. */
export const storeTable = { hashKey: "n", rangeKey: "k", ttl: "e" } as const;

/** The calls that the store makes, as IAM names them. */
export const storeActions: readonly string[] = [
  "dynamodb:GetItem",
  "dynamodb:PutItem",
  "dynamodb:DeleteItem",
  "dynamodb:UpdateItem",
  "dynamodb:Query",
];
