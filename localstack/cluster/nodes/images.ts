// The container images that this cluster can run: each is a program out of the Go module proxy. A pod of any other image waits.
import { join } from 'node:path';
import { type BuildOptions, built } from '../go-build.ts';

interface Image {
  /** Without its tag: every tag is the one version that `images/go.mod` pins. */
  readonly repository: string;
  readonly program: string;
  readonly module: string;
  readonly package: string;
  /** Where the image has the program, which is also what it runs. */
  readonly entrypoint: string;
}

const images: readonly Image[] = [
  {
    repository: 'registry.k8s.io/gateway-api/conformance/echo-basic',
    program: 'echo-basic',
    module: 'sigs.k8s.io/gateway-api-conformance-images',
    package: 'sigs.k8s.io/gateway-api-conformance-images/echo-basic',
    entrypoint: '/echo-basic',
  },
];

/** An image that is on this machine. */
export interface RunnableImage {
  /** Path of the program's binary, which is linked statically. */
  readonly binary: string;
  readonly entrypoint: string;
}

/** Builds what is not there yet; then finds an image by its reference, with a tag or a digest. */
export async function pullImages(
  options: BuildOptions = {},
): Promise<(reference: string) => RunnableImage | undefined> {
  const runnable = new Map<string, RunnableImage>();
  for (const image of images) {
    const { program, repository, entrypoint } = image;
    const folder = join(import.meta.dirname, 'images');
    runnable.set(repository, { entrypoint, binary: await built({ ...image, name: program, folder }, options) });
  }
  return (reference) => runnable.get(reference.replace(/@.*$/, '').replace(/:[^/]*$/, ''));
}

/** What a pod of an unknown image is told. */
export const unknownImage = (reference: string): string =>
  `No image "${reference}" here; this cluster runs ${images.map(({ repository }) => repository).join(', ')}`;
