// Reads certificates from ACM.
import { createSecretKey } from 'node:crypto';
import {
  ACMClient,
  type ACMClientConfig,
  DescribeCertificateCommand,
  GetCertificateCommand,
  ListTagsForCertificateCommand,
} from '@aws-sdk/client-acm';
import { type AcmState, type KeyAlgorithm, keyAlgorithms } from '../../localstack/aws/acm/state.ts';
import { tagsOf, unlessAbsent } from './answers.ts';

/** ACM returns no key. */
const untold = createSecretKey(Buffer.from('untold'));

/** Some write RSA-2048, like the console. */
const algorithmOf = (described = ''): KeyAlgorithm =>
  keyAlgorithms.find((algorithm) => algorithm === described.replace('-', '_')) ?? 'RSA_2048';

export class CertificateReader {
  readonly #acm: ACMClient;
  readonly #state: AcmState;

  constructor(client: ACMClientConfig, state: AcmState) {
    this.#acm = new ACMClient(client);
    this.#state = state;
  }

  async read(arn: string): Promise<void> {
    if (!arn.includes(':acm:')) return;
    const of = { CertificateArn: arn };
    const answers = await unlessAbsent(
      Promise.all([
        this.#acm.send(new DescribeCertificateCommand(of)),
        this.#acm.send(new ListTagsForCertificateCommand(of)),
        this.#acm.send(new GetCertificateCommand(of)),
      ]),
    );
    if (answers === undefined) {
      this.#state.certificates.delete(arn);
      return;
    }
    const [{ Certificate: described = {} }, { Tags }, { Certificate: certificatePem = '', CertificateChain }] = answers;
    this.#state.certificates.set(arn, {
      arn,
      type: described.Type === 'IMPORTED' ? 'IMPORTED' : 'AMAZON_ISSUED',
      domainName: described.DomainName ?? '',
      subjectAlternativeNames: described.SubjectAlternativeNames ?? [],
      keyAlgorithm: algorithmOf(described.KeyAlgorithm),
      status: 'ISSUED',
      createdAt: described.CreatedAt ?? new Date(0),
      importedAt: described.ImportedAt,
      issuedAt: described.IssuedAt,
      x509: undefined,
      notAfter: described.NotAfter,
      material: { certificatePem, chainPem: CertificateChain, privateKey: untold },
      request: undefined,
      tags: tagsOf(Tags),
    });
  }

  destroy(): void {
    this.#acm.destroy();
  }
}
