// Keeps the listed messages of a descriptor set, without deprecated fields, options and reserved names. The whole API has
// ten times as many types, and each costs memory in every process that loads it.
import { clearField } from '@bufbuild/protobuf';
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProtoSchema,
  type FileDescriptorProto,
} from '@bufbuild/protobuf/wkt';

/** The one service that is kept, with the methods whose messages are listed. */
const service = 'AggregatedDiscoveryService';
const wellKnown = 'google.protobuf';

interface Type {
  readonly file: string;
  /** Absent for an enum. */
  readonly message?: DescriptorProto;
}

interface Choice {
  readonly types: ReadonlySet<string>;
  readonly fields: ReadonlySet<FieldDescriptorProto>;
}

/**
 * Changes the files.
 * @param listed full names such as `envoy.config.route.v3.Route`
 * @returns the files that still have a type, in the same order
 */
export function select(files: readonly FileDescriptorProto[], listed: ReadonlySet<string>): FileDescriptorProto[] {
  const types = indexTypes(files);
  const unknown = [...listed].filter((name) => !types.has(name));
  if (unknown.length > 0) throw new Error(`Envoy's API has no ${unknown.join(', ')}`);
  const choice = choose(types, listed);
  const own = files.filter((file) => file.package !== wellKnown);
  for (const file of own) {
    file.messageType = trimMessages(file.package, file.messageType, choice);
    file.enumType = trimEnums(file.package, file.enumType, choice);
    file.service = file.service.filter(({ name }) => name === service);
    for (const each of file.service) {
      each.method = each.method.filter(({ inputType }) => listed.has(inputType.slice(1)));
      for (const method of each.method) delete method.options;
    }
    delete file.options;
    file.extension = [];
    file.publicDependency = [];
    file.weakDependency = [];
    file.dependency = importsOf(file, types);
  }
  return files.filter((file) => file.messageType.length + file.enumType.length + file.service.length > 0);
}

function indexTypes(files: readonly FileDescriptorProto[]): ReadonlyMap<string, Type> {
  const types = new Map<string, Type>();
  const add = (file: string, scope: string, messages: DescriptorProto[], enums: EnumDescriptorProto[]): void => {
    for (const { name } of enums) types.set(`${scope}.${name}`, { file });
    for (const message of messages) {
      const name = `${scope}.${message.name}`;
      types.set(name, { file, message });
      add(file, name, message.nestedType, message.enumType);
    }
  };
  for (const file of files) add(file.name, file.package, file.messageType, file.enumType);
  return types;
}

/** Enums and map entries are chosen if a listed message has a field of their type. */
function choose(types: ReadonlyMap<string, Type>, listed: ReadonlySet<string>): Choice {
  const fieldsOf = (name: string): readonly FieldDescriptorProto[] => types.get(name)?.message?.field ?? [];
  const isMapEntry = (name: string): boolean => types.get(name)?.message?.options?.mapEntry === true;
  const isKept = (name: string): boolean =>
    listed.has(name) ||
    name.startsWith(`${wellKnown}.`) ||
    types.get(name)?.message === undefined ||
    (isMapEntry(name) && fieldsOf(name).every(isUsable));
  const isUsable = (field: FieldDescriptorProto): boolean =>
    field.options?.deprecated !== true && (field.typeName === '' || isKept(field.typeName.slice(1)));

  const chosen = new Set(listed);
  const fields = new Set<FieldDescriptorProto>();
  // The set grows in the loop: an enum has no fields, and a map entry is the last message that a listed one leads to.
  for (const name of chosen) {
    for (const field of fieldsOf(name).filter(isUsable)) {
      fields.add(field);
      const type = field.typeName.slice(1);
      if (isMapEntry(type) || types.get(type)?.message === undefined) chosen.add(type);
    }
  }
  return { types: chosen, fields };
}

/** A message that is not chosen stays, without fields, if a type inside it is chosen. */
function trimMessages(scope: string, messages: readonly DescriptorProto[], choice: Choice): DescriptorProto[] {
  return messages.filter((message) => {
    const name = `${scope}.${message.name}`;
    message.nestedType = trimMessages(name, message.nestedType, choice);
    message.enumType = trimEnums(name, message.enumType, choice);
    trimFields(message, choice);
    message.extension = [];
    message.extensionRange = [];
    message.reservedRange = [];
    message.reservedName = [];
    if (message.options?.mapEntry !== true) clearField(message, DescriptorProtoSchema.field.options);
    return choice.types.has(name) || message.nestedType.length + message.enumType.length > 0;
  });
}

/** A oneof without fields goes, and the others get new indexes. */
function trimFields(message: DescriptorProto, { fields }: Choice): void {
  message.field = message.field.filter((field) => fields.has(field));
  const inOneof = message.field.filter((field) => Object.hasOwn(field, 'oneofIndex'));
  const kept = [...new Set(inOneof.map(({ oneofIndex }) => oneofIndex))].toSorted((a, b) => a - b);
  for (const field of inOneof) field.oneofIndex = kept.indexOf(field.oneofIndex);
  message.oneofDecl = kept.flatMap((index) => message.oneofDecl[index] ?? []);
  for (const oneof of message.oneofDecl) delete oneof.options;
  for (const field of message.field) clearField(field, FieldDescriptorProtoSchema.field.options);
}

function trimEnums(scope: string, enums: readonly EnumDescriptorProto[], { types }: Choice): EnumDescriptorProto[] {
  const kept = enums.filter(({ name }) => types.has(`${scope}.${name}`));
  for (const each of kept) {
    delete each.options;
    for (const value of each.value) delete value.options;
    each.reservedRange = [];
    each.reservedName = [];
  }
  return kept;
}

function importsOf(file: FileDescriptorProto, types: ReadonlyMap<string, Type>): string[] {
  const methods = file.service.flatMap(({ method }) => method);
  const names = new Set(methods.flatMap(({ inputType, outputType }) => [inputType, outputType]));
  const visit = (message: DescriptorProto): void => {
    for (const { typeName } of message.field) if (typeName !== '') names.add(typeName);
    message.nestedType.forEach(visit);
  };
  file.messageType.forEach(visit);
  const imports = new Set([...names].map((name) => types.get(name.slice(1))?.file ?? file.name));
  imports.delete(file.name);
  return [...imports].toSorted();
}
