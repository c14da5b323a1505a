/** The errors of DynamoDB's data operations, with its own names and texts (API reference, "Common errors"). */
import { AwsError } from "../aws/aws-error.ts";

export function dynamoError(code: string, message: string, details: Readonly<Record<string, unknown>> = {}): AwsError {
  return new AwsError(code, 400, message, details);
}

export const validation = (message: string): AwsError => dynamoError("ValidationException", message);

export const serialization = (message: string): AwsError => dynamoError("SerializationException", message);

/** @param old the item that did not meet the condition, for a call that asks for it */
export const conditionFailed = (old: Readonly<Record<string, unknown>> | undefined): AwsError =>
  dynamoError("ConditionalCheckFailedException", "The conditional request failed", old ? { Item: old } : {});

export const tableMissing = (): AwsError => dynamoError("ResourceNotFoundException", "Requested resource not found");
