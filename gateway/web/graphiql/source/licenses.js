// Lists what is bundled: the packages whose modules end up in the page or in a worker.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";

const FOLDER = `${sep}node_modules${sep}`;

export function bundledPackages() {
  const folders = new Set();

  const seen = () => ({
    name: "bundled-packages",
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        for (const id of chunk.moduleIds ?? []) {
          if (id.includes(FOLDER)) folders.add(folderOf(id.replace(/^\0/, "")));
        }
      }
    },
  });

  const written = (fileName) => ({
    name: "bundled-packages-written",
    generateBundle() {
      this.emitFile({ type: "asset", fileName, source: page([...folders].map(read)) });
    },
  });

  return { seen, written };
}

function folderOf(id) {
  const start = id.lastIndexOf(FOLDER) + FOLDER.length;
  const [first, second] = id.slice(start).split(sep);
  return id.slice(0, start) + (first.startsWith("@") ? join(first, second) : first);
}

function read(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice|thirdpartynotices)/i.test(file))
    .sort()
    .map((file) => readFileSync(join(folder, file), "utf8").replaceAll("\r", "").trim());
  return { title: `${name} ${version}`, license, text: texts.join("\n\n") };
}

const FONTS = `## Fonts

- Fira Code, copyright 2014-2020 The Fira Code Project Authors (https://github.com/tonsky/FiraCode):
  SIL Open Font License 1.1, https://openfontlicense.org
- Codicons, copyright Microsoft Corporation (https://github.com/microsoft/vscode-codicons):
  Creative Commons Attribution 4.0, https://creativecommons.org/licenses/by/4.0/`;

function page(packages) {
  packages.sort((one, other) => (one.title < other.title ? -1 : 1));
  const titles = new Map();
  for (const { title, text } of packages) titles.set(text, [...(titles.get(text) ?? []), title]);
  const parts = [
    "# Licences of what GraphiQL bundles",
    ["| Package | Licence |", "| --- | --- |", ...packages.map(row)].join("\n"),
    FONTS,
  ];
  for (const [text, which] of titles) {
    if (text) parts.push(`## ${which.join(", ")}`, "~~~text\n" + text + "\n~~~");
  }
  return parts.join("\n\n") + "\n";
}

const row = ({ title, license }) => `| ${title} | ${license} |`;
