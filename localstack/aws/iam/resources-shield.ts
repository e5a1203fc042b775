// docs.aws.amazon.com/service-authorization/latest/reference/list_awsshield.html
import { ask, type Needs } from './call.ts';

/** The actions here need no resource types. */
export const shieldOthers: Needs = ({ world, action }) => [ask(world, `shield:${action}`, '*')];
