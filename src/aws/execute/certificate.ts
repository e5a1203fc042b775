// One ACM certificate per Secret, shared by all Gateways that refer to it. The first pass imports it, the others find it.
import { ImportCertificateCommand } from '@aws-sdk/client-acm';
import { fingerprintOf } from '../../gateway/pem.ts';
import { certificateBlocks } from '../../gateway/x509.ts';
import { isInvalid, isNotFound, isUncertain } from '../errors.ts';
import { taggedCertificates } from '../inventory/describe.ts';
import type { CertificateRecord } from '../inventory/records.ts';
import type { CertificateResource, Tags } from '../model/resources.ts';
import { TAG } from '../observed.ts';
import { toTagList } from '../tags.ts';
import type { Run, StepEnd } from './run.ts';
import { writeTags } from './tagging.ts';

const done: StepEnd = { kind: 'done' };
/** The certificate's ARN is not the one in the plan. The next plan updates the listeners that refer to it. */
const replaced: StepEnd = { kind: 'done', again: true };

export function createCertificate(run: Run, desired: CertificateResource, tags: Tags): Promise<StepEnd> {
  return run.context.locks.run(desired.id, async () => {
    await resolveDoubt(run, desired);
    const present = newest(run, desired);
    if (present !== undefined) return await reimport(run, desired, present, tags);
    return await importAnew(run, desired, tags, done);
  });
}

export function changeCertificate(run: Run, desired: CertificateResource, arn: string, tags: Tags): Promise<StepEnd> {
  return run.context.locks.run(desired.id, async () => {
    const present = newest(run, desired);
    if (present === undefined) return await importAnew(run, desired, tags, replaced);
    const end = await reimport(run, desired, present, tags);
    return present.arn === arn ? end : replaced;
  });
}

const newest = ({ context }: Run, { id }: CertificateResource): CertificateRecord | undefined =>
  context.inventory
    .find(id)
    .filter((record) => record.kind === 'certificate')
    .toSorted((a, b) => b.importedAt - a.importedAt)[0];

/** Imports under the same ARN, so that no listener changes. If ACM refuses (another key type or size), imports a new one. */
async function reimport(
  run: Run,
  desired: CertificateResource,
  present: CertificateRecord,
  tags: Tags,
): Promise<StepEnd> {
  const { clients, clock, inventory } = run.context;
  const { arn } = present;
  if (present.tags[TAG.spec] === tags[TAG.spec]) {
    run.bind(desired.id, arn);
    return done;
  }
  const material = materialOf(run, desired);
  if (material === undefined) return { kind: 'failed', problems: [] };
  try {
    await clients.acmOnce.send(new ImportCertificateCommand({ CertificateArn: arn, ...material }));
  } catch (error) {
    if (isNotFound(error)) inventory.remove(arn);
    else if (!isInvalid(error)) throw error;
    return await importAnew(run, desired, tags, replaced);
  }
  inventory.put({ ...present, importedAt: clock.now() });
  await writeTags(run, arn, tags);
  run.bind(desired.id, arn);
  return done;
}

async function importAnew(run: Run, desired: CertificateResource, tags: Tags, end: StepEnd): Promise<StepEnd> {
  const { clients, clock, inventory } = run.context;
  const material = materialOf(run, desired);
  if (material === undefined) return { kind: 'failed', problems: [] };
  const all = run.sharedTags(desired.id, tags);
  try {
    const { CertificateArn } = await clients.acmOnce.send(
      new ImportCertificateCommand({ ...material, Tags: toTagList(all) }),
    );
    if (CertificateArn === undefined) throw new Error(`ACM gave no ARN for ${desired.id}`);
    const arn = CertificateArn;
    inventory.put({ kind: 'certificate', arn, id: desired.id, tags: all, importedAt: clock.now() });
    run.bind(desired.id, arn);
    return end;
  } catch (error) {
    if (isUncertain(error)) inventory.doubt(desired.id);
    throw error;
  }
}

/** After a lost answer the import may have happened, so look in the tagging index. If that lags, the sweep merges the two. */
async function resolveDoubt({ context }: Run, { id }: CertificateResource): Promise<void> {
  const { clients, cluster, clock, inventory } = context;
  if (!inventory.takeDoubt(id)) return;
  for (const [arn, tags] of await taggedCertificates(clients, cluster, id)) {
    inventory.put({ kind: 'certificate', arn, id, tags, importedAt: clock.now() });
  }
}

interface Material {
  readonly Certificate: Uint8Array;
  readonly CertificateChain?: Uint8Array;
  readonly PrivateKey: Uint8Array;
}

/** The content has no dash, because a Secret with many beginnings and no end would otherwise take quadratic time. */
const keyBlock = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----/;

/**
 * Reads the Secret a second time, because a plan never has a private key. The leaf comes first in the Secret, but ACM needs
 * the leaf and its chain separately.
 * @returns undefined if the Secret was changed or deleted after the plan was made. That is an event, so the next pass imports
 */
function materialOf({ context }: Run, { spec }: CertificateResource): Material | undefined {
  const data = context.secretOf(spec.secret)?.data;
  const certificates = decode(data?.['tls.crt']);
  const [leaf, ...chain] = certificates.match(certificateBlocks) ?? [];
  const key = keyBlock.exec(decode(data?.['tls.key']))?.[0];
  if (leaf === undefined || key === undefined || fingerprintOf(certificates) !== spec.fingerprint) return undefined;
  return {
    Certificate: Buffer.from(`${leaf}\n`),
    ...(chain.length === 0 ? {} : { CertificateChain: Buffer.from(`${chain.join('\n')}\n`) }),
    PrivateKey: Buffer.from(`${key}\n`),
  };
}

const decode = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString('utf8');
