// @peculiar/x509 registers its algorithms with tsyringe, which refuses to load without `reflect-metadata`. Nothing that
// it registers has constructor parameters to look up, so a Reflect that remembers nothing is enough.
// Imported for its effect, before @peculiar/x509.
const nothing = (): undefined => undefined;
if (!('getMetadata' in Reflect)) {
  Object.assign(Reflect, { getMetadata: nothing, getOwnMetadata: nothing, defineMetadata: nothing });
}
