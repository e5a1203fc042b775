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
const algorithmOf = (told = ''): KeyAlgorithm =>
  keyAlgorithms.find((algorithm) => algorithm === told.replace('-', '_')) ?? 'RSA_2048';

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
    const [{ Certificate: told = {} }, { Tags }, { Certificate: certificatePem = '', CertificateChain }] = answers;
    this.#state.certificates.set(arn, {
      arn,
      type: told.Type === 'IMPORTED' ? 'IMPORTED' : 'AMAZON_ISSUED',
      domainName: told.DomainName ?? '',
      subjectAlternativeNames: told.SubjectAlternativeNames ?? [],
      keyAlgorithm: algorithmOf(told.KeyAlgorithm),
      status: 'ISSUED',
      createdAt: told.CreatedAt ?? new Date(0),
      importedAt: told.ImportedAt,
      issuedAt: told.IssuedAt,
      x509: undefined,
      notAfter: told.NotAfter,
      material: { certificatePem, chainPem: CertificateChain, privateKey: untold },
      request: undefined,
      tags: tagsOf(Tags),
    });
  }

  destroy(): void {
    this.#acm.destroy();
  }
}
