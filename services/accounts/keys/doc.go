// Package keys encrypts the secrets of accounts. A secret is a Tink envelope: it is encrypted with a
// data key of its own, bound to its account by associated data, and the data key is encrypted with a
// key that is never in the database:
//
//	secret ──▶ AES-256-GCM (data key; account, cloud id) ──┐
//	data key ─▶ key encryption key ────────────────────────┴─▶ secrets.ciphertext
//	               │
//	               ├─ keyset/…     a local keyset file (one machine)
//	               ├─ aws-kms://…  a key of AWS KMS
//	               └─ gcp-kms://…  a key of Google Cloud KMS
//
// The row of a secret names its key, so that one key can replace another, of the same kind or not:
// new secrets are encrypted with the first configured key, old ones are decrypted with the key that
// they name, and Rotate encrypts all of them with the first one.
//
// This is the only package of the accounts service that may import an SDK of a cloud, and only the
// clients of its KMS, which Tink's adapters need; a linter (depguard) enforces it. No other package
// of the service knows a cloud's SDK.
//
// If a KMS does not answer, the calls that need it fail and nothing else does. Nothing is stored in
// plain text meanwhile, and the first call after the KMS answers again succeeds.
package keys
