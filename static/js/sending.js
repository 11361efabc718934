// Sends one save to the portal, and says in one word what became of it. Whoever calls keeps the text until it is "saved".

// Read at the moment of sending: the token changes when somebody signs in again in another tab.
export function csrfToken() {
  const name = document.body.dataset.csrfCookie;
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}

async function post(address, save, person) {
  const token = csrfToken();
  const answer = await fetch(address, {
    method: "POST",
    redirect: "error",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token, "X-Person": person },
    body: JSON.stringify(save),
    signal: AbortSignal.timeout(30_000),
  });
  return { answer, token, said: await answer.json() };
}

// {result, said}: result is "saved" (said.version), "conflict", "signed-out", "refused" (said.error, said.fields;
// isNotTheirs: there is no such note for this person), or "later": no answer, or one that says that it may go well another time. `after`: seconds the portal asks to wait.
export async function send(address, save, person) {
  let got;
  try {
    got = await post(address, save, person);
    // The page may have sent the token of a sign-in that has been renewed in another tab.
    if (got.answer.status === 403 && csrfToken() !== got.token) got = await post(address, save, person);
  } catch {
    return { result: "later", said: {}, after: 0 };
  }
  const { answer, said } = got;
  if (answer.status === 200 && Number.isInteger(said.version)) return { result: "saved", said };
  if (answer.status === 409 && Number.isInteger(said.version)) return { result: "conflict", said };
  if (answer.status === 401 || (answer.status === 403 && said.sign_in)) return { result: "signed-out", said };
  if (answer.status === 429 || answer.status >= 500 || answer.ok) {
    return { result: "later", said, after: Number(answer.headers.get("Retry-After")) || 0 };
  }
  return { result: "refused", said, isNotTheirs: answer.status === 404 };
}
