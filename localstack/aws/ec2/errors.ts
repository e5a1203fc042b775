// Errors of several actions. docs.aws.amazon.com/ec2/latest/devguide/errors-overview.html

import { AwsError } from '../service.ts';

export function missingParameter(name: string): AwsError {
  return new AwsError('MissingParameter', `The request must contain the parameter ${name}`);
}

export function invalidValue(message: string): AwsError {
  return new AwsError('InvalidParameterValue', message);
}

export function invalidCombination(message: string): AwsError {
  return new AwsError('InvalidParameterCombination', message);
}

export function dependencyViolation(message: string): AwsError {
  return new AwsError('DependencyViolation', message);
}
