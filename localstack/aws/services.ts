import { acmService } from './acm/service.ts';
import { ec2Service } from './ec2/service.ts';
import { elbv2Service } from './elbv2/service.ts';
import type { Service } from './service.ts';
import type { World } from './world.ts';

/** Every service there is, over the state of one region. */
export function servicesOf(world: World): readonly Service[] {
  return [elbv2Service(world), ec2Service(world), acmService(world)];
}
