// TypeScript types of an operation's variables and data. The schema and the document are those of
// graphql-js, which is only bundled with GraphiQL, so kinds of types are told apart by their tags.
const NUMBERS = ["Int", "Float"];

const isA = (type, ...kinds) => kinds.includes(type?.[Symbol.toStringTag]?.slice("GraphQL".length));

export function operationTypes({ schema, document, operationName }) {
  const operations = document.definitions.filter(({ kind }) => kind === "OperationDefinition");
  const operation = operations.find(({ name }) => name?.value === operationName) ?? operations[0];
  return `${variableTypes(schema, operation)}\n\n${dataType(schema, document, operation)}`;
}

function variableTypes(schema, operation) {
  const inputs = new Map();
  const fields = operation.variableDefinitions.map(({ variable, type, defaultValue }) => {
    const isOptional = type.kind !== "NonNullType" || defaultValue;
    const written = ofNode(type, (name) => inputName(schema.getType(name), inputs));
    return `${variable.name.value}${isOptional ? "?" : ""}: ${written}`;
  });
  const declared = () => [...inputs].map(([name, text]) => `export type ${name} = ${text};`);
  return [`export type Variables = ${block(fields)};`, ...declared()].join("\n\n");
}

function ofNode(node, named) {
  if (node.kind === "NonNullType") return ofNode(node.type, named).replace(/ \| null$/, "");
  const inner =
    node.kind === "ListType" ? `Array<${ofNode(node.type, named)}>` : named(node.name.value);
  return `${inner} | null`;
}

// The name of an input type, which is declared once, or the text of another type.
function inputName(type, inputs) {
  if (!isA(type, "InputObjectType")) return leaf(type);
  if (!inputs.has(type.name)) {
    inputs.set(type.name, "");
    const fields = Object.values(type.getFields()).map((field) => {
      const isOptional = !isA(field.type, "NonNull") || field.defaultValue !== undefined;
      const written = ofType(field.type, (named) => inputName(named, inputs));
      return `${field.name}${isOptional ? "?" : ""}: ${written}`;
    });
    inputs.set(type.name, block(fields));
  }
  return type.name;
}

function dataType(schema, document, operation) {
  const fragments = new Map(
    document.definitions
      .filter(({ kind }) => kind === "FragmentDefinition")
      .map((fragment) => [fragment.name.value, fragment]),
  );
  const root = schema.getRootType(operation.operation);
  const data = selected(root, [operation.selectionSet], { schema, fragments });
  return `export type Data = ${data};`;
}

function selected(type, sets, context) {
  if (!isA(type, "InterfaceType", "UnionType")) return object(type, sets, context);
  const possible = context.schema.getPossibleTypes(type);
  return [...new Set(possible.map((each) => object(each, sets, context)))].join(" | ");
}

function object(type, sets, context) {
  const fields = new Map();
  for (const { selections } of sets) collect(type, selections, false, fields, context);
  return block([...fields].map(([key, field]) => member(type, key, field, context)));
}

function collect(type, selections, isOptional, fields, context) {
  for (const node of selections) {
    const mayBeMissing = isOptional || node.directives.some(isCondition);
    if (node.kind === "Field") {
      const key = node.alias?.value ?? node.name.value;
      const field = fields.get(key) ?? { name: node.name.value, sets: [], isOptional: true };
      if (node.selectionSet) field.sets.push(node.selectionSet);
      field.isOptional &&= mayBeMissing;
      fields.set(key, field);
    } else {
      const fragment =
        node.kind === "InlineFragment" ? node : context.fragments.get(node.name.value);
      if (fragment && applies(fragment.typeCondition?.name.value, type, context.schema)) {
        collect(type, fragment.selectionSet.selections, mayBeMissing, fields, context);
      }
    }
  }
}

const isCondition = ({ name }) => ["skip", "include"].includes(name.value);

function applies(condition, type, schema) {
  if (!condition || condition === type.name) return true;
  const wider = schema.getType(condition);
  return isA(wider, "InterfaceType", "UnionType") && schema.isSubType(wider, type);
}

function member(type, key, { name, sets, isOptional }, context) {
  const written =
    name === "__typename" ? JSON.stringify(type.name) : fieldType(type, name, sets, context);
  return `${key}${isOptional ? "?" : ""}: ${written}`;
}

// Introspection and unknown fields are not in the fields of a type.
function fieldType(type, name, sets, context) {
  const definition = type.getFields()[name];
  if (!definition) return "unknown";
  return ofType(definition.type, (named) =>
    sets.length ? selected(named, sets, context) : leaf(named),
  );
}

function ofType(type, named) {
  if (isA(type, "NonNull")) return ofType(type.ofType, named).replace(/ \| null$/, "");
  const inner = isA(type, "List") ? `Array<${ofType(type.ofType, named)}>` : named(type);
  return `${inner} | null`;
}

// Dates and decimal numbers are strings.
function leaf(type) {
  if (isA(type, "EnumType"))
    return type
      .getValues()
      .map(({ name }) => `"${name}"`)
      .join(" | ");
  if (type?.name === "Boolean") return "boolean";
  return NUMBERS.includes(type?.name) ? "number" : "string";
}

function block(members) {
  if (members.length === 0) return "Record<string, never>";
  return `{\n${members.map((each) => `  ${each.replaceAll("\n", "\n  ")};`).join("\n")}\n}`;
}
