import type { AllowedNamespaces } from '../api/gateway-api.ts';
import type { GatewayInput } from './input.ts';
import { selects } from './selector.ts';

/**
 * Whether an object in `namespace` may attach to one in `own`.
 * @param allowed with the API's default for `from`, if the user has set nothing
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
