// docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
import { ask, type Needs, text } from './call.ts';

/**
 * AssumeRoleWithWebIdentity is decided by the role's trust policy alone, and GetCallerIdentity needs no permission:
 * docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
export const stsResources: Readonly<Record<string, Needs>> = {
  AssumeRole: ({ world, input }) => [ask(world, 'sts:AssumeRole', text(input, 'RoleArn') ?? '*')],
};

export const stsOthers: Needs = () => [];
