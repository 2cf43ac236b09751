// The document, variables and headers of GraphiQL's editors.
import { companyHeader } from "./company.js";
import { currentCredential } from "./credential.js";
import { withoutCredentialHeaders } from "./storage.js";

let graphiql = null;

// `current` has the state and the actions of GraphiQL, as main.jsx picks them.
export const follow = (current) => {
  graphiql = current;
};

export const readSchema = () => graphiql?.introspect();

// The document in the editor as GraphiQL has last read it.
export const currentDocument = () => graphiql?.documentAST;

export const editorTexts = () => ({
  query: graphiql.queryEditor.getValue(),
  variables: graphiql.variableEditor.getValue(),
});

// The tab with this document and these variables, or else a new one.
export function openTab({ query, variables }) {
  const same = graphiql.tabs.findIndex(
    (tab) => tab.query === query && (tab.variables ?? "") === variables,
  );
  if (same >= 0) return graphiql.changeTab(same);
  graphiql.addTab();
  graphiql.queryEditor.setValue(query);
  graphiql.variableEditor.setValue(variables);
}

// The request that GraphiQL would send now, without its credential. Throws a SyntaxError.
export function requestWith(url) {
  const typed = parsed(graphiql.headerEditor.getValue(), "headers");
  const names = Object.keys(typed).map((name) => name.toLowerCase());
  const headers = { "Content-Type": "application/json" };
  if (companyHeader() && !names.includes("company")) headers.Company = companyHeader();
  const { query, variables } = editorTexts();
  const body = { query };
  if (variables.trim()) body.variables = parsed(variables, "variables");
  if (graphiql.operationName) body.operationName = graphiql.operationName;
  return {
    url: new URL(url, location.href).href,
    headers: { ...headers, ...withoutCredentialHeaders(typed) },
    needsCredential: currentCredential() !== null || names.includes("authorization"),
    body,
    schema: graphiql.schema,
    document: graphiql.documentAST,
  };
}

function parsed(text, name) {
  try {
    return text.trim() ? JSON.parse(text) : {};
  } catch {
    throw new SyntaxError(`The ${name} are not JSON.`);
  }
}
