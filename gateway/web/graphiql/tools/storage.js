// GraphiQL's storage. It never holds a credential, and other GraphiQLs of this host do not share it.
const PREFIX = "sales-orders:";
const CREDENTIAL_HEADERS = /^(authorization|proxy-authorization|cookie)$/i;

const ourKeys = () => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));

export const storage = {
  getItem: (key) => localStorage.getItem(PREFIX + key),
  setItem: (key, value) => localStorage.setItem(PREFIX + key, withoutCredentials(key, value)),
  removeItem: (key) => localStorage.removeItem(PREFIX + key),
  clear: () => ourKeys().forEach((key) => localStorage.removeItem(key)),
  get length() {
    return ourKeys().length;
  },
};

// Headers are stored under a key of their own, in the tabs and in the history.
function withoutCredentials(key, value) {
  if (key.endsWith(":headers")) return safeHeaders(value);
  if (!/:(tabState|queries|favorites)$/.test(key)) return value;
  return JSON.stringify(JSON.parse(value), (name, part) =>
    name === "headers" && typeof part === "string" ? safeHeaders(part) : part,
  );
}

// Headers that are not JSON yet might contain a part of a credential.
function safeHeaders(text) {
  try {
    return JSON.stringify(withoutCredentialHeaders(JSON.parse(text)), null, 2);
  } catch {
    return "";
  }
}

export function withoutCredentialHeaders(headers) {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !CREDENTIAL_HEADERS.test(name)),
  );
}
