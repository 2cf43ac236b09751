// The bars above and below GraphiQL: sign-in, company, links and code to copy, and the outcome of
// each response. GraphiQL's main.jsx imports what it needs of this.
import { writeClipboard } from "./clipboard.js";
import { showCompanies } from "./company.js";
import { currentCredential, forgetCredential } from "./credential.js";
import { curlOf } from "./curl.js";
import { editorTexts, follow, openTab, readSchema, requestWith } from "./editors.js";
import { elements } from "./elements.js";
import { reasonOf, sending, viewerWith } from "./gateway.js";
import { outcomeOf } from "./outcome.js";
import { shareLink, takeShared } from "./share.js";
import { SignIn } from "./sign_in.js";
import { typescriptOf } from "./typescript.js";

export { storage } from "./storage.js";

const TOP = `
  <header class="tools">
    <label class="company">Company <select id="company" disabled></select></label>
    <div class="copy" role="group" aria-label="Copy">
      <button type="button" id="copy-link">Share link</button>
      <button type="button" id="copy-curl">Copy as curl</button>
      <button type="button" id="copy-typescript">Copy as TypeScript</button>
    </div>
    <div class="session">
      <span id="viewer"></span>
      <button type="button" id="sign" hidden></button>
    </div>
  </header>`;
const BOTTOM = `
  <footer class="tools">
    <section aria-label="Last response" aria-live="polite"><dl id="outcome"></dl></section>
    <p id="notice" role="status"></p>
  </footer>`;
const UNSIGNED = "This gateway needs a key or token.";
const CHANGES_COMPANIES = /\b(create|rename)Company\b/;
const NOTICE_FOR = 4000; // milliseconds

const { endpoint } = JSON.parse(document.getElementById("graphiql-config").textContent);
const byId = (id) => document.getElementById(id);

document.body.prepend(elements(TOP));
document.body.append(elements(BOTTOM));

const signIn = new SignIn(endpoint, (viewer) => {
  showViewer(viewer);
  readSchema();
});

// The function that GraphiQL sends operations with.
export const send = sending(({ response, body, operation, credential, ms }) => {
  if (response.status === 401) {
    if (credential === currentCredential()) signOut();
    askForCredential(reasonOf(response, body), credential !== null);
  }
  if (operation.operationName === "IntrospectionQuery") return;
  showOutcome(outcomeOf({ status: response.status, headers: response.headers, body, ms }));
  if (CHANGES_COMPANIES.test(operation.query)) readViewer();
});

// Called whenever GraphiQL's state changes, as soon as its editors are ready.
export function connect(graphiql) {
  follow(graphiql);
  openShared();
  addEventListener("hashchange", openShared);
}

function openShared() {
  const shared = takeShared();
  if (shared) openTab(shared);
}

async function readViewer() {
  const credential = currentCredential();
  try {
    showViewer(await viewerWith(endpoint, credential));
  } catch (error) {
    if (error.status !== 401) return showNotice(error.message);
    if (credential === currentCredential()) signOut();
    askForCredential(error.message, credential !== null);
  }
}

// Requests that follow a refused one have no credential, but must not replace the reason.
function askForCredential(reason, isRefusal) {
  if (isRefusal) signIn.open(reason, { isRefusal });
  else if (!signIn.isOpen) signIn.open(UNSIGNED);
}

function signOut() {
  forgetCredential();
  byId("viewer").textContent = "Not signed in";
  showCompanies(byId("company"), []);
  showButton("Sign in", () => signIn.open());
}

function showViewer({ name, companies }) {
  showCompanies(byId("company"), companies);
  byId("viewer").textContent = currentCredential() ? name : "Open access";
  byId("viewer").title = currentCredential() ? `Signed in as ${name}` : "";
  if (currentCredential()) showButton("Sign out", signOut);
}

function showButton(text, action) {
  const button = byId("sign");
  button.hidden = false;
  button.textContent = text;
  button.onclick = action;
}

function showOutcome(facts) {
  byId("outcome").replaceChildren(
    ...facts.map(([label, value]) => {
      const pair = elements("<div><dt></dt><dd></dd></div>");
      pair.querySelector("dt").textContent = label;
      pair.querySelector("dd").textContent = value;
      return pair;
    }),
  );
}

let clearing;

function showNotice(text) {
  byId("notice").textContent = text;
  clearTimeout(clearing);
  clearing = setTimeout(() => (byId("notice").textContent = ""), NOTICE_FOR);
}

async function copy(name, textOf) {
  try {
    await writeClipboard(textOf());
    showNotice(`${name} copied`);
  } catch (error) {
    showNotice(
      error instanceof SyntaxError ? error.message : "The browser does not allow copying.",
    );
  }
}

byId("copy-link").onclick = () => copy("Link", () => shareLink(editorTexts()));
byId("copy-curl").onclick = () => copy("Command", () => curlOf(requestWith(endpoint)));
byId("copy-typescript").onclick = () =>
  copy("TypeScript", () => typescriptOf(requestWith(endpoint)));

readViewer();
