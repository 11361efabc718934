// What this browser keeps for the person signed in: text not sent yet, and pages to read without a connection.
// All of it is encrypted with a key of that person's, which the portal hands out after a sign-in. The key lies here as a
// CryptoKey that no script can read out; it goes at sign-out, and when somebody else signs in. The text stays, unreadable.

export const person = document.querySelector("[data-person]")?.dataset.person ?? "";

function settled(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

let opening = null;
function database() {
  opening ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("portal", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("keys", { keyPath: "person" });
      request.result.createObjectStore("drafts", { keyPath: "id" }).createIndex("person", "person");
      request.result.createObjectStore("pages", { keyPath: ["person", "path"] });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opening;
}

// Resolves once it lies on the disk: "strict" is what a killed browser or a flat battery cannot undo.
async function write(store, work) {
  const db = await database();
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(store, "readwrite", { durability: "strict" });
    transaction.oncomplete = () => resolve();
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
    work(transaction.objectStore(store));
  });
}

async function read(store, work) {
  const db = await database();
  return settled(work(db.transaction(store).objectStore(store)));
}

class Vault {
  constructor(owner, key) {
    this.person = owner;
    this.key = key;
  }

  async lock(value) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const text = new TextEncoder().encode(JSON.stringify(value));
    return { iv, box: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, this.key, text) };
  }

  async unlock({ iv, box }) {
    return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, this.key, box)));
  }

  // A draft of a note or of a finding: `path` is the address of its editor.
  async putDraft(id, path, value) {
    const row = { id, person: this.person, path, at: Date.now(), ...(await this.lock(value)) };
    await write("drafts", (store) => store.put(row));
  }

  async removeDraft(id) {
    await write("drafts", (store) => store.delete(id));
  }

  // Newest first; what cannot be read (another key) is passed over and stays.
  async drafts() {
    const rows = await read("drafts", (store) => store.index("person").getAll(this.person));
    const found = await Promise.all(rows.map((row) => this.open(row)));
    return found.filter(Boolean).sort((a, b) => b.at - a.at);
  }

  // One of them as it is now; null when it is gone.
  async draft(id) {
    const row = await read("drafts", (store) => store.get(id));
    return row?.person === this.person ? this.open(row) : null;
  }

  async open(row) {
    try {
      return { id: row.id, path: row.path, at: row.at, ...(await this.unlock(row)) };
    } catch {
      return null; // not ours to read
    }
  }

  async putPage(path, value) {
    const row = { person: this.person, path, at: Date.now(), ...(await this.lock(value)) };
    await write("pages", (store) => store.put(row));
  }

  async page(path) {
    const row = await read("pages", (store) => store.get([this.person, path]));
    return row ? { at: row.at, ...(await this.unlock(row)) } : null;
  }
}

async function keep(owner, bytes) {
  const key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
  await write("keys", (store) => {
    store.clear();
    store.put({ person: owner, key });
  });
  return new Vault(owner, key);
}

// Asks the portal who is signed in: {person, key}, null when nobody is. Throws without a connection.
export async function whoIsSignedIn() {
  const answer = await fetch("/my/device-key/", { redirect: "error", cache: "no-store" });
  if (answer.status === 401) return null;
  if (!answer.ok) throw new Error(`device key: ${answer.status}`);
  return answer.json();
}

async function openVault() {
  if (!globalThis.crypto?.subtle || !globalThis.indexedDB) return null;
  try {
    const rows = await read("keys", (store) => store.getAll());
    const own = rows.find((row) => (person ? row.person === person : true));
    if (own && rows.length === 1) return new Vault(own.person, own.key);
    if (!person) return null;
    const said = await whoIsSignedIn();
    if (said?.person !== person) return null;
    return await keep(person, Uint8Array.from(atob(said.key), (letter) => letter.charCodeAt(0)));
  } catch {
    return null;
  }
}

let vaultOpening = null;
// The vault of the person this page belongs to; on the page shown without a connection, of whoever was here last.
// Null where this browser keeps nothing: a private window, an address without encryption, storage that is full.
export function vault() {
  vaultOpening ??= openVault();
  return vaultOpening;
}

export async function forget() {
  vaultOpening = Promise.resolve(null);
  await write("keys", (store) => store.clear());
}

// How many texts of this person are on this device only.
export async function countUnsent() {
  try {
    return await read("drafts", (store) => store.index("person").count(person));
  } catch {
    return 0;
  }
}

// Holds a draft, so that no other tab takes it for left behind: resolves to what lets it go, null where another tab has
// it for longer than `patience` (ms). A page that is being left has its drafts for a moment yet.
export function hold(id, patience = 0) {
  if (!navigator.locks) return Promise.resolve(() => {});
  const options = patience ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true };
  return new Promise((resolve) => {
    navigator.locks.request(`draft-${id}`, options, (lock) => {
      if (!lock) return resolve(null);
      return new Promise((letGo) => resolve(letGo));
    }).catch(() => resolve(null));
  });
}

export function newName() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export function clock(moment) {
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/London" }).format(moment);
}

export function dayAndClock(moment) {
  const form = { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", timeZone: "Europe/London" };
  return new Intl.DateTimeFormat("en-GB", form).format(moment);
}
