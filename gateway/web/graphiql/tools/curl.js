// A request as a command for a POSIX shell. GATEWAY_KEY stands for the credential.
export function curlOf({ url, headers, needsCredential, body }) {
  const parts = [
    `curl ${quoted(url)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(needsCredential ? ['-H "Authorization: Bearer $GATEWAY_KEY"'] : []),
    `--data ${quoted(JSON.stringify(body))}`,
  ];
  return parts.join(" \\\n  ") + "\n";
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
