// Package audit says who did what to what, with which statement, and what came of it.
//
// An [Entry] about the control plane is written in the same batch as the change
// it tells of. Around a write to an organization's database stand two: an intent
// before, and an outcome after that refers to it. An intent without an outcome
// is a write whose end nobody saw.
//
// Entries name things by text, not by reference, so deleting a thing keeps its
// history.
package audit
