// Package cloud describes the clouds that Rollcall knows, as data: their names, kinds of
// instances, scopes, account ids, ways to sign in and links. It needs no SDK and no protobuf, so
// that every service, the command line and the console read the same description.
//
//	cloud            Provider, Kind, Descriptor: the description of a cloud
//	cloud/aws        the descriptor of AWS
//	cloud/gcp        the descriptor of Google Cloud
//	cloud/registry   the list of the registered descriptors
//
// Code outside of a provider's own folders asks the descriptor and never compares a Provider with
// a constant: `if provider == GCP … else AWS` makes a third cloud silently become AWS. How a cloud
// is added is in docs/howto/add-a-provider.md.
package cloud
