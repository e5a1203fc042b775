// Trust stores: the authorities whose client certificates a listener accepts.
// docs.aws.amazon.com/elasticloadbalancing/latest/application/mutual-authentication.html
import { type Action, AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { newTrustStoreArn } from './arns.ts';
import { trustStoreNotFound, validationError } from './errors.ts';
import { findTrustStore, trustStoreOf } from './find.ts';
import { requiredText, text, texts } from './input.ts';
import { checkName } from './load-balancers.ts';
import { page } from './page.ts';
import type { TrustStore } from './state.ts';
import { tagsOf } from './tags.ts';
import { readBundle } from './trust-store-content.ts';

const describeTrustStore = ({ name, arn, bundle, revocations }: TrustStore): Output => ({
  Name: name,
  TrustStoreArn: arn,
  Status: 'ACTIVE',
  NumberOfCaCertificates: readBundle(bundle).length,
  TotalRevokedEntries: [...revocations.values()].reduce((sum, { entries }) => sum + entries, 0),
});

function readBundleInput(world: World, input: Input): string {
  const bucket = requiredText(input, 'CaCertificatesBundleS3Bucket');
  const bundle = world.objects.get(`${bucket}/${requiredText(input, 'CaCertificatesBundleS3Key')}`);
  if (bundle === undefined) {
    throw new AwsError('CaCertificatesBundleNotFound', 'The specified ca certificate bundle does not exist');
  }
  const quota = world.options.quotas['ca-certificates-per-trust-store'];
  if (readBundle(bundle).length > quota) {
    const message = `The specified ca certificate bundle has more than ${quota} certificates`;
    throw new AwsError('InvalidCaCertificatesBundle', message);
  }
  return bundle;
}

function create(world: World, input: Input): Output {
  const { trustStores } = world.elbv2;
  const name = requiredText(input, 'Name');
  checkName(name, 'trust store');
  const bundle = readBundleInput(world, input);
  const tags = tagsOf(input);
  if ([...trustStores.values()].some((each) => each.name === name)) {
    throw new AwsError('DuplicateTrustStoreName', `A trust store with the same name '${name}' already exists`);
  }
  if (trustStores.size >= world.options.quotas['trust-stores']) {
    throw new AwsError('TooManyTrustStores', 'The maximum number of trust stores has been reached');
  }
  const arn = newTrustStoreArn(world, name);
  const made: TrustStore = { arn, name, bundle, tags, revocations: new Map(), revocationsAdded: 0 };
  trustStores.set(arn, made);
  return { TrustStores: [describeTrustStore(made)] };
}

function describe(world: World, input: Input): Output {
  const { trustStores } = world.elbv2;
  const arns = texts(input, 'TrustStoreArns') ?? [];
  const names = texts(input, 'Names') ?? [];
  if (arns.length > 0 && names.length > 0) {
    throw validationError('Trust store names and trust store ARNs cannot be specified at the same time');
  }
  if (arns.length > 0) return { TrustStores: arns.map((arn) => describeTrustStore(findTrustStore(world.elbv2, arn))) };
  const missing = names.find((name) => ![...trustStores.values()].some((each) => each.name === name));
  if (missing !== undefined) throw trustStoreNotFound(missing);
  const wanted = [...trustStores.values()].filter(({ name }) => names.length === 0 || names.includes(name));
  const { items, nextMarker } = page(input, wanted, ({ arn }) => arn);
  return { TrustStores: items.map(describeTrustStore), NextMarker: nextMarker };
}

const usersOf = ({ elbv2 }: World, { arn }: TrustStore): readonly string[] =>
  [...elbv2.listeners.values()]
    .filter(({ mutualAuthentication }) => mutualAuthentication?.trustStoreArn === arn)
    .map((listener) => listener.arn);

/** AWS returns a temporary S3 URL; here the URL itself has the content. */
export const locationOf = (pem: string): string =>
  `data:application/x-pem-file;base64,${Buffer.from(pem).toString('base64')}`;

export function trustStoreActions(world: World): Record<string, Action> {
  const { elbv2 } = world;
  return {
    CreateTrustStore: (input) => create(world, input),
    DescribeTrustStores: (input) => describe(world, input),
    ModifyTrustStore(input) {
      const trustStore = trustStoreOf(elbv2, input);
      trustStore.bundle = readBundleInput(world, input);
      return { TrustStores: [describeTrustStore(trustStore)] };
    },
    DeleteTrustStore(input) {
      const trustStore = trustStoreOf(elbv2, input);
      if (usersOf(world, trustStore).length > 0) {
        const message = 'The specified trust store is currently in use by one or more listeners';
        throw new AwsError('TrustStoreInUse', message);
      }
      elbv2.trustStores.delete(trustStore.arn);
      return {};
    },
    DescribeTrustStoreAssociations(input) {
      const { items, nextMarker } = page(input, usersOf(world, trustStoreOf(elbv2, input)), (arn) => arn);
      return { TrustStoreAssociations: items.map((ResourceArn) => ({ ResourceArn })), NextMarker: nextMarker };
    },
    GetTrustStoreCaCertificatesBundle: (input) => ({ Location: locationOf(trustStoreOf(elbv2, input).bundle) }),
    DeleteSharedTrustStoreAssociation(input) {
      trustStoreOf(elbv2, input);
      const message = `No trust store of another account is associated with '${text(input, 'ResourceArn') ?? ''}'`;
      throw new AwsError('AssociationNotFound', message);
    },
  };
}
