// Package guide writes setup guides: how to give the credentials of an account the least that
// Rollcall needs, for people to run or to hand to their security team. A guide has the policy as
// JSON, and the same for the tools of the cloud, with the names of the account filled in.
//
// The clouds' folders (accounts/clouds/aws, accounts/clouds/gcp) have the templates, a file each,
// and the data. What a user chose, such as the name of a role, is quoted in the language of the
// snippet, because someone else runs it.
package guide
