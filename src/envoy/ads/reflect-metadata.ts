// @peculiar/x509 registers its algorithms with tsyringe, which refuses to load without `reflect-metadata`. Nothing that
// it registers has constructor parameters, so a Reflect that stores nothing is enough.
// Imported for its effect, before @peculiar/x509.
const nothing = (): undefined => undefined;
if (!('getMetadata' in Reflect)) {
  Object.assign(Reflect, { getMetadata: nothing, getOwnMetadata: nothing, defineMetadata: nothing });
}
