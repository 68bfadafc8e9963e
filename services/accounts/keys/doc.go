// Package keys encrypts the secrets of accounts. Each is an envelope of Tink's:
// the secret is encrypted with a data key of its own, bound to its account by
// associated data, and the data key with a key that the database never sees:
//
//	secret ──▶ AES-256-GCM (data key; account, cloud id) ──┐
//	data key ─▶ key encryption key ────────────────────────┴─▶ secrets.ciphertext
//	               │
//	               ├─ keyset/…     a local keyset file, for one machine
//	               ├─ aws-kms://…  a key of AWS KMS
//	               └─ gcp-kms://…  a key of Google Cloud KMS
//
// The row says which key it was, so keys can follow one another, and one kind the
// other: new secrets are encrypted with the first key that is configured, old
// ones are read with whichever they name, and Rotate carries them all over.
//
// This is the one place of the accounts service with SDKs of clouds, and why it
// is a folder of its own: the service still knows nothing of reading a cloud, but
// a key that lives in one can only be reached through its SDK, which Tink's
// adapters bring along. The domain sees neither.
//
// A key management service that is away fails the calls that need it, and
// nothing else; nothing is kept in plain meanwhile, and the first call after it
// came back works.
package keys
