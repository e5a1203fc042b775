// docs.aws.amazon.com/service-authorization/latest/reference/list_awscertificatemanager.html
import { ask, type Call, everything, type Needs, tagsIn, text } from './call.ts';
import type { Asked } from './evaluate.ts';

const name = (action: string): string => `acm:${action}`;

const named = ({ world, action, input }: Call, said = {}): readonly Asked[] => [
  ask(world, name(action), text(input, 'CertificateArn') ?? '*', said),
];

/** The tags of a new certificate need AddTagsToCertificate too: AWS has no CreateAction here. */
const making: Needs = (call) => {
  const { world, action, input } = call;
  const made = `arn:aws:acm:${world.region}:${world.accountId}:certificate/*`;
  const requestTags = tagsIn(input, 'Tags');
  const creation = ask(world, name(action), made, { requestTags });
  return requestTags.size === 0
    ? [creation]
    : [creation, ask(world, name('AddTagsToCertificate'), made, { requestTags })];
};

const importCertificate: Needs = (call) =>
  text(call.input, 'CertificateArn') === undefined ? making(call) : named(call);

export const acmResources: Readonly<Record<string, Needs>> = {
  AddTagsToCertificate: (call) => named(call, { requestTags: tagsIn(call.input, 'Tags') }),
  DeleteCertificate: named,
  DescribeCertificate: named,
  GetCertificate: named,
  ImportCertificate: importCertificate,
  ListTagsForCertificate: named,
  RemoveTagsFromCertificate: (call) => named(call, { tagKeys: [...tagsIn(call.input, 'Tags').keys()] }),
  RequestCertificate: making,
};

/** ListCertificates has no narrower scope. */
export const acmOthers: Needs = everything('acm');
