// docs.aws.amazon.com/acm/latest/APIReference/CommonErrors.html and each action's own page.

import { AwsError } from '../service.ts';

export function validation(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

export function limitExceeded(message: string): AwsError {
  return new AwsError('LimitExceededException', message);
}
