/** A request of a client, and what it had of a document: the text, a hash or an id. */
type Recorded = { method: string; sent: string[]; status: number };

export const requests: Recorded[] = [];

/** Fetches and records. A batch is recorded as one request, with what each operation had. */
export const recorded: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const method = init?.method ?? "GET";
  const members = method === "GET" ? parameters(String(input)) : JSON.parse(String(init?.body));
  requests.push({ method, sent: [members].flat().map(describe), status: response.status });
  return response;
};

function parameters(url: string): object {
  const { query, documentId, extensions } = Object.fromEntries(new URL(url).searchParams);
  return { query, documentId, extensions: JSON.parse(extensions ?? "{}") };
}

function describe({ query, documentId, extensions }: Members): string {
  const has = { text: query, hash: extensions?.persistedQuery, id: documentId };
  return Object.entries(has).flatMap(([name, value]) => (value ? [name] : [])).join(" and ");
}

type Members = { query?: string; documentId?: string; extensions?: { persistedQuery?: object } };
