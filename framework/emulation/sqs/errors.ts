/** The errors of SQS, with its own names and texts (API reference, "Common errors", and the errors of each action). */
import { AwsError } from "../aws/aws-error.ts";

export const sqsError = (code: string, message: string): AwsError => new AwsError(code, 400, message);

export const invalidValue = (message: string): AwsError => sqsError("InvalidParameterValueException", message);

export const missing = (name: string): AwsError =>
  sqsError("MissingRequiredParameterException", `The request must contain the parameter ${name}.`);

export const queueMissing = (): AwsError => sqsError("QueueDoesNotExist", "The specified queue does not exist.");
