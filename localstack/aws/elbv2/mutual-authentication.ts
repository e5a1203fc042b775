// How a listener handles client certificates.
// docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_MutualAuthenticationAttributes.html
import type { Input } from '../service.ts';
import type { World } from '../world.ts';
import { invalidConfiguration, validationError } from './errors.ts';
import { findTrustStore, listenersOf } from './find.ts';
import { flag, oneOf, record, text } from './input.ts';
import type { Listener, MutualAuthentication } from './state.ts';

export function readMutualAuthentication(
  world: World,
  input: Input,
  current: Listener | undefined,
): MutualAuthentication | undefined {
  const given = record(input, 'MutualAuthentication');
  if (!given) return undefined;
  const mode = oneOf(given, 'Mode', ['off', 'passthrough', 'verify']);
  if (!mode) throw validationError('Parameter MutualAuthentication.Mode must be specified');
  const trustStoreArn = text(given, 'TrustStoreArn');
  const ignoreClientCertificateExpiry = flag(given, 'IgnoreClientCertificateExpiry');
  const advertiseTrustStoreCaNames = oneOf(given, 'AdvertiseTrustStoreCaNames', ['on', 'off']);
  if (mode !== 'verify') {
    if (trustStoreArn !== undefined) throw validationError('A trust store is only for verify mode');
    if (ignoreClientCertificateExpiry !== undefined || advertiseTrustStoreCaNames !== undefined) {
      throw validationError('IgnoreClientCertificateExpiry and AdvertiseTrustStoreCaNames are only for verify mode');
    }
    return { mode };
  }
  if (trustStoreArn === undefined) throw validationError('Mutual authentication in verify mode needs a trust store');
  findTrustStore(world.elbv2, trustStoreArn);
  checkQuota(world, current?.loadBalancerArn ?? text(input, 'LoadBalancerArn') ?? '', current);
  return {
    mode,
    trustStoreArn,
    ignoreClientCertificateExpiry: ignoreClientCertificateExpiry ?? false,
    advertiseTrustStoreCaNames: advertiseTrustStoreCaNames ?? 'off',
  };
}

function checkQuota({ elbv2, options }: World, loadBalancerArn: string, current: Listener | undefined): void {
  const quota = options.quotas['verify-listeners-per-application-load-balancer'];
  const others = listenersOf(elbv2, loadBalancerArn).filter((listener) => listener !== current);
  if (others.filter(({ mutualAuthentication }) => mutualAuthentication?.mode === 'verify').length >= quota) {
    throw invalidConfiguration(`A load balancer can have at most ${quota} listeners in verify mode`);
  }
}
