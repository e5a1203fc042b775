import { isQuotaName } from '../quotas.ts';
import type { Action } from '../service.ts';
import type { World } from '../world.ts';
import { page } from './page.ts';

/** Quotas that DescribeAccountLimits does not list: those of other services. */
const unlisted =
  /^(security-group|inbound-|imported-|requested-|domain-|verify-listeners|trust-stores|ca-|revocation-)/;

export function limitActions(world: World): Record<string, Action> {
  return {
    DescribeAccountLimits(input) {
      const names = Object.keys(world.options.quotas)
        .filter(isQuotaName)
        .filter((name) => !unlisted.test(name));
      const { items, nextMarker } = page(input, names, (name) => name);
      const limits = items.map((name) => ({ Name: name, Max: String(world.options.quotas[name]) }));
      return { Limits: limits, NextMarker: nextMarker };
    },
  };
}
