// The elements of a piece of HTML, which is a constant of this code and never data.
export function elements(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}
