import { AwsError, type Service } from '../service.ts';
import type { Asked } from './evaluate.ts';

/** docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
export function accessDenied(
  protocol: Service['protocol'],
  principal: string,
  { action, resource }: Asked,
  isExplicit: boolean,
): AwsError {
  const where = resource === '*' ? '' : ` on resource: ${resource}`;
  const why = isExplicit
    ? 'with an explicit deny in an identity-based policy'
    : `because no identity-based policy allows the ${action} action`;
  const message = `User: ${principal} is not authorized to perform: ${action}${where} ${why}`;
  switch (protocol) {
    case 'query':
      return new AwsError('AccessDenied', message, 403);
    case 'ec2':
      return new AwsError('UnauthorizedOperation', `You are not authorized to perform this operation. ${message}`, 403);
    case 'json':
      return new AwsError('AccessDeniedException', message);
  }
  return protocol satisfies never;
}
