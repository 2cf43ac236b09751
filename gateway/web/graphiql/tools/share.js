// A link that holds a document and its variables in its fragment, which browsers do not send.
export function shareLink({ query, variables }) {
  const shared = new URLSearchParams({ query });
  if (variables.trim()) shared.set("variables", variables);
  return `${location.origin}${location.pathname}#${shared}`;
}

// The document and variables of the address, which then no longer holds them; null without any.
export function takeShared() {
  const shared = new URLSearchParams(location.hash.slice(1));
  if (!shared.has("query")) return null;
  history.replaceState(null, "", location.pathname + location.search);
  return { query: shared.get("query"), variables: shared.get("variables") ?? "" };
}
