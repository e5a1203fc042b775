// The revocation lists of trust stores.
// docs.aws.amazon.com/elasticloadbalancing/latest/application/configuring-mtls-with-elb.html
import { type Action, AwsError, type Input, type Output } from '../service.ts';
import type { World } from '../world.ts';
import { trustStoreOf } from './find.ts';
import { integer, nonEmpty, oneOf, records, requiredText, texts } from './input.ts';
import { page } from './page.ts';
import type { Revocations, TrustStore } from './state.ts';
import { readRevocations } from './trust-store-content.ts';
import { locationOf } from './trust-stores.ts';

const describeRevocations = ({ arn }: TrustStore, { id, entries }: Revocations): Output => ({
  TrustStoreArn: arn,
  RevocationId: id,
  RevocationType: 'CRL',
  NumberOfRevokedEntries: entries,
});

function find({ revocations }: TrustStore, id: number): Revocations {
  const found = revocations.get(id);
  if (!found) throw new AwsError('RevocationIdNotFound', `The specified revocation ID '${id}' does not exist`);
  return found;
}

function readContent(world: World, content: Input): Pick<Revocations, 'pem' | 'entries'> {
  oneOf(content, 'RevocationType', ['CRL']);
  const pem = world.objects.get(`${requiredText(content, 'S3Bucket')}/${requiredText(content, 'S3Key')}`);
  if (pem === undefined) {
    throw new AwsError('RevocationContentNotFound', 'The specified revocation file does not exist');
  }
  return { pem, entries: readRevocations(pem).serials.length };
}

/** Adds all lists, or none. An id is never used twice. */
function add(world: World, input: Input): Output {
  const trustStore = trustStoreOf(world.elbv2, input);
  const contents = nonEmpty(records(input, 'RevocationContents'), 'RevocationContents');
  const read = contents.map((content) => readContent(world, content));
  const quota = world.options.quotas['revocation-lists-per-trust-store'];
  if (trustStore.revocations.size + read.length > quota) {
    const message = 'The specified trust store has too many revocation entries';
    throw new AwsError('TooManyTrustStoreRevocationEntries', message);
  }
  const added = read.map((content) => {
    trustStore.revocationsAdded += 1;
    return { ...content, id: trustStore.revocationsAdded };
  });
  for (const each of added) trustStore.revocations.set(each.id, each);
  return { TrustStoreRevocations: added.map((each) => describeRevocations(trustStore, each)) };
}

const ids = (input: Input): readonly number[] => (texts(input, 'RevocationIds') ?? []).map(Number);

export function trustStoreRevocationActions(world: World): Record<string, Action> {
  const { elbv2 } = world;
  return {
    AddTrustStoreRevocations: (input) => add(world, input),
    DescribeTrustStoreRevocations(input) {
      const trustStore = trustStoreOf(elbv2, input);
      const wanted = ids(input).map((id) => find(trustStore, id));
      const all = wanted.length > 0 ? wanted : trustStore.revocations.values();
      const { items, nextMarker } = page(input, all, ({ id }) => String(id).padStart(8, '0'));
      return {
        TrustStoreRevocations: items.map((each) => describeRevocations(trustStore, each)),
        NextMarker: nextMarker,
      };
    },
    RemoveTrustStoreRevocations(input) {
      const trustStore = trustStoreOf(elbv2, input);
      const found = nonEmpty(ids(input), 'RevocationIds').map((id) => find(trustStore, id));
      for (const { id } of found) trustStore.revocations.delete(id);
      return {};
    },
    GetTrustStoreRevocationContent(input) {
      const id = integer(input, 'RevocationId', { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 0;
      return { Location: locationOf(find(trustStoreOf(elbv2, input), id).pem) };
    },
  };
}
