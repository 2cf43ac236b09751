// The dialog that takes a key or token, and tries it before it is kept.
import { keepCredential } from "./credential.js";
import { elements } from "./elements.js";
import { viewerWith } from "./gateway.js";

const DIALOG = `
  <dialog class="sign-in" aria-labelledby="sign-in-title">
    <form>
      <h2 id="sign-in-title">Sign in</h2>
      <p class="reason" role="alert" id="sign-in-reason"></p>
      <label for="sign-in-credential">Key or token</label>
      <input id="sign-in-credential" type="password" required autofocus autocomplete="off"
        spellcheck="false" aria-describedby="sign-in-reason" />
      <label class="choice">
        <input id="sign-in-keep" type="checkbox" /> Keep it until this tab is closed
      </label>
      <p class="buttons">
        <button type="button" value="cancel">Cancel</button>
        <button type="submit" class="primary">Sign in</button>
      </p>
    </form>
  </dialog>`;

const ONE_WORD = /^[\x21-\x7e]+$/;

export class SignIn {
  // `signedIn` gets the viewer.
  constructor(url, signedIn) {
    this.url = url;
    this.signedIn = signedIn;
    document.body.append(elements(DIALOG));
    this.dialog = document.querySelector("dialog.sign-in");
    this.reason = this.dialog.querySelector(".reason");
    this.input = this.dialog.querySelector("#sign-in-credential");
    this.dialog.querySelector("form").onsubmit = (event) => this.submit(event);
    this.dialog.querySelector("[value=cancel]").onclick = () => this.dialog.close();
    this.dialog.onclose = () => this.clear();
  }

  get isOpen() {
    return this.dialog.open;
  }

  open(reason = "", { isRefusal = false } = {}) {
    this.explain(reason, isRefusal);
    if (!this.isOpen) this.dialog.showModal();
  }

  explain(reason, isRefusal) {
    this.reason.textContent = reason;
    this.reason.classList.toggle("refusal", isRefusal);
    this.input.toggleAttribute("aria-invalid", isRefusal);
  }

  clear() {
    this.input.value = "";
    this.explain("", false);
  }

  async submit(event) {
    event.preventDefault();
    const credential = this.input.value.trim().replace(/^Bearer\s+/i, "");
    if (!ONE_WORD.test(credential)) {
      return this.open("A key or token has no spaces and no special letters.", { isRefusal: true });
    }
    try {
      const viewer = await viewerWith(this.url, credential);
      keepCredential(credential, {
        untilClosed: this.dialog.querySelector("#sign-in-keep").checked,
      });
      this.dialog.close();
      this.signedIn(viewer);
    } catch (error) {
      this.open(error.message, { isRefusal: true });
      this.input.select();
    }
  }
}
