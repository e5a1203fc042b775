import type { AllowedNamespaces } from '../api/gateway-api.ts';
import type { GatewayInput } from './input.ts';
import { selects } from './selector.ts';

/**
 * Whether what is in `namespace` may attach to what is in `own`.
 * @param allowed `from` is what the API's default says, where the user said nothing
 */
export function admits(
  { from, selector }: AllowedNamespaces,
  own: string,
  namespace: string,
  { namespaces }: Pick<GatewayInput, 'namespaces'>,
): boolean {
  switch (from) {
    case 'Same':
      return namespace === own;
    case 'All':
      return true;
    case 'Selector': {
      const object = namespaces.get(namespace);
      return object !== undefined && selects(selector, object.metadata.labels);
    }
    case 'None':
    case undefined:
      return false;
    default:
      from satisfies never;
      return false;
  }
}
