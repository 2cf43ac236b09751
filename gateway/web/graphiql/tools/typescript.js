// A request as a TypeScript function, which gets the credential as a parameter.
import { operationTypes } from "./operation_types.js";

const UNKNOWN = "export type Variables = Record<string, unknown>;\n\nexport type Data = unknown;";

export function typescriptOf({ url, headers, needsCredential, body, schema, document }) {
  const { query, variables = {}, operationName } = body;
  const types = schema && document ? operationTypes({ schema, document, operationName }) : UNKNOWN;
  const parameters = ["variables: Variables", ...(needsCredential ? ["gatewayKey: string"] : [])];
  return `${types}

export type Answer = {
  data?: Data | null;
  errors?: Array<{ message: string; extensions?: { code?: string } }>;
};

const query = ${template(query)};

export const variables: Variables = ${JSON.stringify(variables, null, 2)};

export async function send(${parameters.join(", ")}): Promise<Answer> {
  const response = await fetch(${JSON.stringify(url)}, {
    method: "POST",
    headers: ${indented(headersText(headers, needsCredential), 4)},
    body: JSON.stringify({ query, variables${operationName ? `, operationName: ${JSON.stringify(operationName)}` : ""} }),
  });
  return (await response.json()) as Answer;
}
`;
}

function headersText(headers, needsCredential) {
  const pairs = Object.entries(headers).map(
    ([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  if (needsCredential) pairs.push("Authorization: `Bearer ${gatewayKey}`");
  return `{\n${pairs.map((pair) => `  ${pair},`).join("\n")}\n}`;
}

const indented = (text, spaces) => text.replaceAll("\n", "\n" + " ".repeat(spaces));

const template = (text) => "`" + text.replace(/[\\`]|\$\{/g, "\\$&") + "`";
