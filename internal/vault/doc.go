// Package vault seals secrets that are kept in a database.
//
// A secret is sealed with AES-256-GCM under a random nonce. The table, column and
// row it belongs to are authenticated with it, so that a sealed text that was moved
// to another place doesn't open there.
//
// # Keys
//
// The keys come from the environment, or from a file of the data folder that is made
// on first use and that only its owner may read. There may be several: the first
// seals, all of them open. So a key is replaced by putting a new one first, sealing
// everything anew, and taking the old one away; the command rotate-key does that.
package vault
