// The picker of the company that requests are for, which survives a reload.
import { storage } from "./storage.js";

const STORED = "company";

const stored = () => JSON.parse(storage.getItem(STORED));

let chosen = stored();

// Headers hold ASCII only, and the gateway takes the id of a company instead of its name.
export const companyHeader = () => chosen && (isAscii(chosen.name) ? chosen.name : chosen.id);

const isAscii = (text) => /^[\x20-\x7e]*$/.test(text);

export function showCompanies(select, companies) {
  chosen = companies.find(({ id }) => id === stored()?.id) ?? companies[0] ?? null;
  select.replaceChildren(
    ...companies.map(({ id, name }) => new Option(name, id, false, id === chosen.id)),
  );
  select.disabled = companies.length === 0;
  select.onchange = () => choose(companies.find(({ id }) => id === select.value));
}

function choose(company) {
  chosen = company;
  storage.setItem(STORED, JSON.stringify(company));
}
