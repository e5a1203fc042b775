// Whose a Gateway is.
import type { Gateway } from '../api/gateway-api.ts';
import type { Sources } from '../gateway/gather.ts';
import type { Provider } from './provider.ts';

/** Whether the provider may have something of the Gateway. */
export const isHeldBy = ({ finalizer }: Pick<Provider, 'finalizer'>, { metadata }: Gateway): boolean =>
  metadata.finalizers?.includes(finalizer) === true;

/** Whether the Gateway's class is the provider's; undefined where the class can't be seen. */
export function isOfClass(
  { controllerName }: Pick<Provider, 'controllerName'>,
  { spec }: Gateway,
  sources: Pick<Sources, 'gatewayClass'>,
): boolean | undefined {
  const gatewayClass = sources.gatewayClass(spec.gatewayClassName);
  return gatewayClass && gatewayClass.spec.controllerName === controllerName;
}
