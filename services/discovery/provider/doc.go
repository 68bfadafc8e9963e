// Package provider is the contract between discovery and the clouds.
//
//	Provider ──Open──▶ Session          Identity, Scopes, Read
//	                   ├─ BatchSession      reads many scopes in one listing
//	                   ├─ Prober            asks for single instances by their ids
//	                   ├─ VerifyingSession  tries the permissions of the credentials
//	                   ├─ APILister         names the APIs that a scope is read by
//	                   └─ Operator          starts and stops instances
//
// Each cloud implements it in a folder of its own, which is the only one that imports the SDK of
// that cloud. What the clouds have in common stands in package providerkit. Package providertest
// is the suite that every provider passes. The terms are explained in docs/glossary.md.
//
// # Errors
//
// The errors of a provider are *fault.Error, the error of the context, or what a sink returned. The
// fault of a read has one of the reasons of FaultOf; the fault of a start or stop (a refusal) has
// one of the reasons that rollcall.common.v1.ErrorReason lists for it. A fault with the reason
// INTERNAL that is retryable is Rollcall's own (IsOwnFault). No part of a fault contains a secret.
package provider
