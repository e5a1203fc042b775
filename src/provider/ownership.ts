// Which provider a Gateway belongs to.
import type { Gateway } from '../api/gateway-api.ts';
import type { Sources } from '../gateway/gather.ts';
import type { Provider } from './provider.ts';

/** Whether the provider may have resources of the Gateway. */
export const isHeldBy = ({ finalizer }: Pick<Provider, 'finalizer'>, { metadata }: Gateway): boolean =>
  metadata.finalizers?.includes(finalizer) === true;

/** Whether the Gateway's class belongs to the provider; undefined if we do not see the class. */
export function isOfClass(
  { controllerName }: Pick<Provider, 'controllerName'>,
  { spec }: Gateway,
  sources: Pick<Sources, 'gatewayClass'>,
): boolean | undefined {
  const gatewayClass = sources.gatewayClass(spec.gatewayClassName);
  return gatewayClass && gatewayClass.spec.controllerName === controllerName;
}
