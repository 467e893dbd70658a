// HPKE, base mode, one message (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. Sealing only: this
// device can never open what it sealed. The keys of the browser (WebCrypto) do the work.

const KEM = [0x00, 0x20], KDF = [0x00, 0x01], AEAD = [0x00, 0x02];
const text = new TextEncoder();
const V1 = text.encode("HPKE-v1");
const KEM_SUITE = Uint8Array.from([...text.encode("KEM"), ...KEM]);
const SUITE = Uint8Array.from([...text.encode("HPKE"), ...KEM, ...KDF, ...AEAD]);

export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) { whole.set(part, at); at += part.length; }
  return whole;
}

async function mac(key, content) {
  const held = await crypto.subtle.importKey("raw", key.length ? key : new Uint8Array(32), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", held, content));
}

const extract = (suite, salt, label, input) => mac(salt, joined(V1, suite, text.encode(label), input));

async function expand(suite, key, label, about, size) {
  const block = await mac(key, joined([size >> 8, size & 255], V1, suite, text.encode(label), about, [1])); // size <= 32
  return block.slice(0, size);
}

/// Seal `plain` to an X25519 public key (32 bytes). Returns the encapsulated key followed by the ciphertext. `pair` is for vectors.
export async function seal(publicKey, info, plain, pair) {
  const nothing = new Uint8Array(0);
  const theirs = await crypto.subtle.importKey("raw", publicKey, { name: "X25519" }, false, []);
  const ours = pair ?? await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]);
  const enc = new Uint8Array(await crypto.subtle.exportKey("raw", ours.publicKey));
  const dh = new Uint8Array(await crypto.subtle.deriveBits({ name: "X25519", public: theirs }, ours.privateKey, 256));
  const shared = await expand(KEM_SUITE, await extract(KEM_SUITE, nothing, "eae_prk", dh), "shared_secret", joined(enc, publicKey), 32);
  const context = joined([0], await extract(SUITE, nothing, "psk_id_hash", nothing), await extract(SUITE, nothing, "info_hash", info));
  const secret = await extract(SUITE, shared, "secret", nothing);
  const key = await crypto.subtle.importKey("raw", await expand(SUITE, secret, "key", context, 32), "AES-GCM", false, ["encrypt"]);
  const nonce = await expand(SUITE, secret, "base_nonce", context, 12);
  return joined(enc, new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce }, key, plain)));
}
