// Package guide tells how to give an account's credentials the least that
// Rollcall needs, for people to run or to hand to their security team: the
// policy as JSON, and the same as AWS CLI, CloudFormation, gcloud and Terraform,
// with the account's own names in place.
//
// The snippets are templates, a file each in aws/ and gcp/. What a user chose
// (the name of a role, say) goes into them quoted in the language of the snippet:
// it is run by someone else.
package guide
