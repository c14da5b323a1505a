/** The table of a store, for test files. */
import { CreateTableCommand, type CreateTableCommandInput } from "@aws-sdk/client-dynamodb";
import { storeTable } from "../../../../framework/model/store-table.ts";
import type { Lab } from "../../lab.ts";

/** A valid input of CreateTable, with changes. */
export function tableInput(TableName: string, change: Partial<CreateTableCommandInput> = {}): CreateTableCommandInput {
  const { hashKey, rangeKey } = storeTable;
  return {
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [hashKey, rangeKey].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
    KeySchema: [
      { AttributeName: hashKey, KeyType: "HASH" },
      { AttributeName: rangeKey, KeyType: "RANGE" },
    ],
    ...change,
  };
}

export const makeTable = (
  { dynamodb }: Pick<Lab, "dynamodb">,
  name: string,
  change: Partial<CreateTableCommandInput> = {},
) => dynamodb.send(new CreateTableCommand(tableInput(name, change)));
