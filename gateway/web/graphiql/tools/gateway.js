// Sends operations to the gateway.
import { companyHeader } from "./company.js";
import { currentCredential } from "./credential.js";
import { currentDocument } from "./editors.js";
import { keyFor } from "./idempotency.js";

const SESSION = "query Session { viewer { name companies { id name } } }";

export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// The function that GraphiQL calls instead of fetch. `observe` gets each operation with its
// credential or null, the response, its body and the milliseconds until that was complete.
export const sending = (observe) => async (url, options) => {
  const headers = new Headers(options.headers);
  const kept = currentCredential();
  if (kept && !headers.has("Authorization")) headers.set("Authorization", `Bearer ${kept}`);
  const company = companyHeader();
  if (company && !headers.has("Company")) headers.set("Company", company);
  const operation = JSON.parse(options.body);
  const key = keyFor(operation, currentDocument());
  if (key && !headers.has("Idempotency-Key")) headers.set("Idempotency-Key", key);
  const start = performance.now();
  const response = await fetch(url, { ...options, headers });
  const body = await bodyOf(response.clone());
  const ms = performance.now() - start;
  const credential = headers.get("Authorization")?.replace(/^Bearer /, "") ?? null;
  observe({ response, body, operation, credential, ms });
  return response;
};

// Who the caller is, and the companies they may use. Throws a Refusal.
export async function viewerWith(url, credential) {
  const headers = { "Content-Type": "application/json" };
  if (credential) headers.Authorization = `Bearer ${credential}`;
  const body = JSON.stringify({ query: SESSION, operationName: "Session" });
  const response = await fetch(url, { method: "POST", headers, body }).catch(() => null);
  if (!response) throw new Refusal(0, "The gateway cannot be reached.");
  const answer = await bodyOf(response);
  if (!answer.data?.viewer) throw new Refusal(response.status, reasonOf(response, answer));
  return answer.data.viewer;
}

export const reasonOf = (response, body) =>
  body.errors?.[0]?.message ?? `The gateway answered with status ${response.status}.`;

const bodyOf = (response) => response.json().catch(() => ({}));
