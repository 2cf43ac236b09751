// Idempotency keys of mutations. A browser repeats a request by itself when the server has closed the
// connection, and nobody would know whether the first one was carried out.

// A new key for an operation of the document that is a single mutation; null for any other, also while
// GraphiQL has not read the document yet.
export function keyFor({ query, operationName }, document) {
  if (document?.loc?.source.body !== query) return null;
  const operations = document.definitions.filter(({ kind }) => kind === "OperationDefinition");
  const named = operations.filter(({ name }) => !operationName || name?.value === operationName);
  const fields = named[0]?.selectionSet.selections ?? [];
  const isSingle = named.length === 1 && fields.length === 1 && fields[0].kind === "Field";
  return isSingle && named[0].operation === "mutation" ? newKey() : null;
}

// crypto.randomUUID exists only on pages that were loaded by HTTPS or from this machine.
const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
