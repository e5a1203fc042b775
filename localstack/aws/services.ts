import { acmService } from './acm/service.ts';
import { ec2Service } from './ec2/service.ts';
import { elbv2Service } from './elbv2/service.ts';
import type { Service } from './service.ts';
import { shieldService } from './shield/service.ts';
import { stsService } from './sts/service.ts';
import { LaggingIndex } from './tagging/lagging-index.ts';
import { taggingService } from './tagging/service.ts';
import type { World } from './world.ts';

/** All services, on the state of one region. */
export function servicesOf(world: World): readonly Service[] {
  const index = new LaggingIndex(world);
  const tagged = [elbv2Service(world), ec2Service(world), acmService(world), taggingService(world, index)];
  return [...index.watching(tagged), stsService(world), shieldService];
}
