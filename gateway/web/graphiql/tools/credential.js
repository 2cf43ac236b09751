// The key or token, which is kept in memory and, if the user wants that, until the tab is closed.
const STORED = "sales-orders:credential";

let credential = sessionStorage.getItem(STORED);

export const currentCredential = () => credential;

export function keepCredential(value, { untilClosed }) {
  forgetCredential();
  credential = value;
  if (untilClosed) sessionStorage.setItem(STORED, value);
}

export function forgetCredential() {
  credential = null;
  sessionStorage.removeItem(STORED);
}
