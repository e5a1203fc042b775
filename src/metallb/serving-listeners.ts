// Which listeners of ListenerSets serve, by their own statuses: every replica sees the same, also after a restart.
import type { ListenerSet } from '../api/gateway-api.ts';
import type { GatewayInput } from '../gateway/input.ts';
import { remembered } from '../gateway/remembered.ts';
import { objectKey } from '../kube/object.ts';

/** By their names in the topology. */
export const servingListeners = ({ listenerSets }: Pick<GatewayInput, 'listenerSets'>): ReadonlySet<string> =>
  new Set(listenerSets.flatMap(servingOf));

/** Programmed, because Accepted is also True without a certificate. */
const servingOf = remembered(({ metadata, status }: ListenerSet): readonly string[] =>
  (status?.listeners ?? [])
    .filter(({ conditions }) => conditions.some((each) => each.type === 'Programmed' && each.status === 'True'))
    .map(({ name }) => `${objectKey(metadata)}/${name}`),
);
