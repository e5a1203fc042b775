// docs.aws.amazon.com/service-authorization/latest/reference/list_awsshield.html
import { ask, type Needs } from './call.ts';

/** Has no resource types that the actions served here need. */
export const shieldOthers: Needs = ({ world, action }) => [ask(world, `shield:${action}`, '*')];
