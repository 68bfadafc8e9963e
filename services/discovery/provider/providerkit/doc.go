// Package providerkit has what the providers of all clouds need: bounds on answers, a guard
// against listings that never end, the bookkeeping of absence probes and texts for errors.
package providerkit
